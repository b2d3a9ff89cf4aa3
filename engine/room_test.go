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
