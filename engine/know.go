package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lull-containers/lull/volume"
	"github.com/lull-containers/lull/volume/captures"
)

// know keeps a list of each capture as it was just read, so that the first
// clone need not read it again. Without one it does.
func (d *dump) know(ctx context.Context) {
	for _, t := range d.taken {
		if t.result == nil {
			continue
		}
		if err := d.knowOne(ctx, t); err != nil {
			d.warn(fmt.Sprintf("the first clone will read the capture of %s again: %v", t.root.Destination, err))
		}
	}
}

func (d *dump) knowOne(ctx context.Context, t taken) error {
	l, err := volume.Fingerprint(ctx, t.path, volume.Options{Synced: true, Known: t.list.Contents()})
	if err != nil || !l.Proves() {
		return err
	}
	file := captures.Store{Dir: d.c.Paths.Store}.Known(d.id, t.name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return l.WriteFile(file)
}
