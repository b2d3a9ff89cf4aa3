package isolate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/internal/wall"
)

// The wall of a namespace that somebody else made goes when isolation ends,
// and no other's with it.
func TestWallIsTakenAway(t *testing.T) {
	must(t, Walled{}.Open())
	must(t, Walled{Path: filepath.Join(t.TempDir(), "gone"), Inode: 1}.Open())
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	path := filepath.Join(t.TempDir(), "ns")
	must(t, netns.Create(path))
	t.Cleanup(func() { must(t, netns.Remove(path)) })
	must(t, wall.Wall{NetNS: path}.Raise())
	w, err := WalledAt(path)
	must(t, err)

	must(t, Walled{Path: path, Inode: w.Inode + 1}.Open())
	if _, _, err := wall.Refused(path); err != nil {
		t.Errorf("the wall of another namespace: %v", err)
	}
	must(t, w.Open())
	if _, _, err := wall.Refused(path); err == nil {
		t.Error("the wall still stands")
	}
	must(t, w.Open())
}
