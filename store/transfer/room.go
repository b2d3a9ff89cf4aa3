package transfer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/docker/go-units"
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/store/artifact"
)

// spare is what a pull leaves free, in bytes.
const spare = 64 << 20

// room refuses, before anything is fetched, what does not fit. Blobs that are
// here already are not counted off: it is better to be asked for more.
func (p *pulling) room(ctx context.Context) error {
	needs := map[uint64]int64{} // by file system
	free := map[uint64]int64{}
	for dir, n := range map[string]int64{
		p.contentRoot(ctx): p.table.Bytes(artifact.Blob),
		p.captures.Dir:     p.table.Bytes(artifact.Volume),
	} {
		if dir == "" || n == 0 {
			continue
		}
		device, avail, err := fileSystem(dir)
		if err != nil {
			return err
		}
		needs[device] += n
		free[device] = avail
	}
	for device, n := range needs {
		if n+spare > free[device] {
			return fmt.Errorf("%w: the checkpoint needs %s, %s are free; make room, or pull it elsewhere",
				ErrRoom, units.BytesSize(float64(n+spare)), units.BytesSize(float64(free[device])))
		}
	}
	return nil
}

// freeForLayers is the room where containerd unpacks images, in bytes: its
// snapshots are where its blobs are. Where that is nobody says it is without
// bounds.
func (p *pulling) freeForLayers(ctx context.Context) (int64, error) {
	dir := p.contentRoot(ctx)
	if dir == "" {
		return math.MaxInt64, nil
	}
	_, free, err := fileSystem(dir)
	return free, err
}

// contentRoot is where containerd keeps blobs; empty when it does not say.
func (p *pulling) contentRoot(ctx context.Context) string {
	reply, err := p.client.IntrospectionService().Plugins(ctx, "type==io.containerd.content.v1")
	if err != nil {
		return ""
	}
	for _, plugin := range reply.GetPlugins() {
		if root := plugin.GetExports()["root"]; root != "" {
			if _, err := os.Stat(root); err == nil { // it may see other folders than we
				return root
			}
		}
	}
	return ""
}

// fileSystem looks at the nearest folder that is there.
func fileSystem(dir string) (device uint64, free int64, err error) {
	var st unix.Stat_t
	for {
		err = unix.Stat(dir, &st)
		if !errors.Is(err, unix.ENOENT) || dir == "/" {
			break
		}
		dir = filepath.Dir(dir)
	}
	var fs unix.Statfs_t
	if err = errors.Join(err, unix.Statfs(dir, &fs)); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", dir, err)
	}
	return st.Dev, int64(fs.Bavail) * fs.Frsize, nil
}
