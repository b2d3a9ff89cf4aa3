package engine

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/volume"
)

// room asks once more, before anything is written, now that it is known where
// CRIU writes, and where the client packs what CRIU wrote.
func (d *dump) room(context.Context) error {
	pids, err := processes(d.freezer, d.pid)
	if err != nil {
		return err
	}
	d.image = imageSize(pids)
	return refusal(d.memory(d.req.Dir, d.image).fit())
}

// reserve is what a capture must leave free where it goes, in bytes.
func (d *dump) reserve(dst string) int64 {
	if same, err := volume.SameFileSystem(dst, d.req.Dir); err != nil || !same {
		return 0
	}
	return d.image
}

// A pre-copy leaves so much free on the disk of the database that it copies:
// the database writes meanwhile. In bytes, or one part in so many of a smaller
// disk. The room is looked at after each MiB, so this is what the database may
// write until the copy is gone, not what it writes during the copy.
const (
	reserveMost = 1 << 30
	reservePart = 10
)

// precopyReserve is 0 where the copy goes to another disk than the database's.
func precopyReserve(src, dst string) int64 {
	if same, err := volume.SameFileSystem(src, dst); err == nil && !same {
		return 0
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(src, &fs); err != nil {
		return reserveMost
	}
	return min(reserveMost, int64(fs.Blocks)*fs.Frsize/reservePart)
}

// imageSize estimates what CRIU writes, in bytes: the private memory of all
// processes, and what they share once.
func imageSize(pids []int) (size int64) {
	var most int64
	for _, pid := range pids {
		own, shared := resident(pid)
		size, most = size+own, max(most, shared)
	}
	return size + most
}

// resident reads /proc/PID/status; a process that is gone has nothing.
func resident(pid int) (own, shared int64) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0
	}
	defer f.Close()
	return memoryIn(f)
}

// memoryIn reads the lines that count, in bytes: what is swapped out is dumped
// too, and huge pages are a server's shared memory.
func memoryIn(status io.Reader) (own, shared int64) {
	for lines := bufio.NewScanner(status); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 2 {
			continue
		}
		kib, _ := strconv.ParseInt(words[1], 10, 64)
		switch words[0] {
		case "RssAnon:", "VmSwap:":
			own += kib << 10
		case "RssShmem:", "HugetlbPages:":
			shared += kib << 10
		}
	}
	return own, shared
}

// packedIn is a folder on the file system of containerd's content: its
// snapshots are there too. Empty where that cannot be told.
func packedIn(rootfs string) string {
	found, err := mountinfo.GetMounts(mountinfo.SingleEntryFilter(rootfs))
	if err != nil || len(found) == 0 {
		return ""
	}
	for option := range strings.SplitSeq(found[len(found)-1].VFSOptions, ",") {
		if upper, ok := strings.CutPrefix(option, "upperdir="); ok {
			return upper
		}
	}
	return ""
}
