package engine

import (
	"errors"
	"math"
	"os"
	"testing"

	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/volume"
)

func TestRoom(t *testing.T) {
	size := imageSize([]int{os.Getpid(), 1 << 30})
	if size < 1<<20 {
		t.Errorf("this process needs %d bytes", size)
	}
	dir := t.TempDir()
	if err := hasRoom(dir, 0); err != nil {
		t.Error(err)
	}
	err := hasRoom(dir, math.MaxInt64)
	if code, ok := rpccode.Of(err); !ok || code != rpccode.Preflight || !errors.Is(err, volume.ErrRoom) {
		t.Errorf("%v", err)
	}
	if at := packedIn(dir); at != "" {
		t.Errorf("%s is no mounted root file system, but %s", dir, at)
	}
}

// A pre-copy may fill a disk of its own, but not that of the database.
func TestReserveOfAPrecopy(t *testing.T) {
	dir := t.TempDir()
	if n := precopyReserve(dir, dir+"/store/not/there/yet"); n <= 0 || n > reserveMost {
		t.Errorf("beside the database: %d bytes", n)
	}
	if n := precopyReserve("/proc", dir); n != 0 {
		t.Errorf("elsewhere: %d bytes", n)
	}
}
