package engine

import (
	"errors"
	"math"
	"os"
	"strings"
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
	if err := refusal(demands{{dir, 0}}.fit()); err != nil {
		t.Error(err)
	}
	err := refusal(demands{{dir, math.MaxInt64}}.fit())
	if code, ok := rpccode.Of(err); !ok || code != rpccode.Preflight || !errors.Is(err, volume.ErrRoom) {
		t.Errorf("%v", err)
	}
	if at := packedIn(dir); at != "" {
		t.Errorf("%s is no mounted root file system, but %s", dir, at)
	}
}

func TestMemoryIn(t *testing.T) {
	own, shared := memoryIn(strings.NewReader("Name:\tpostgres\nRssAnon:\t 8 kB\nRssFile:\t 100 kB\nRssShmem:\t 16 kB\n" +
		"VmSwap:\t 4 kB\nHugetlbPages:\t 2048 kB\n"))
	if own != 12<<10 || shared != 2064<<10 {
		t.Errorf("own %d, shared %d bytes", own, shared)
	}
}

// What several volumes take on one file system is counted together.
func TestOnDisk(t *testing.T) {
	dir := t.TempDir()
	takes := map[string]int64{dir + "/a/volume-0": 3, dir + "/b": 4, "/proc/self": 5}
	if n := onDisk(takes, dir+"/c"); n != 7 {
		t.Errorf("%d bytes", n)
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
