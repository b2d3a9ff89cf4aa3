package volume

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// untrusted stands for a mount on which times prove nothing.
const untrusted = ""

// enter notes the witness of a mount that the walk enters: a text that stays
// the same for as long as the kernel that keeps the times in memory, the mount
// and the disk under it stay the same. After a power cut or a forced detach a
// file may have newer contents under older times; then the text differs.
func (w *walk) enter(dir *os.File, s stat) error {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(int(dir.Fd()), &fs); err != nil {
		return &PathError{Class: ErrPath, Path: s.Path, Err: err}
	}
	kind := fileSystemOf(&fs)
	text := untrusted
	if kind.witness && s.mount != 0 && !volatile(dir, kind) {
		text = fmt.Sprintf("%s:%d:%t:%s", kind.name, s.mount, s.unique, diskSequence(s.Device))
	}
	w.mounts = append(w.mounts, text)
	return nil
}

// witness joins the boot with all mounts; it is empty when one is untrusted.
func (w *walk) witness() string {
	boot, err := bootID()
	if err != nil || slices.Contains(w.mounts, untrusted) {
		return untrusted
	}
	mounts := slices.Sorted(slices.Values(w.mounts))
	return boot + " " + strings.Join(mounts, " ")
}

// volatile: an overlay mounted so that syncfs does nothing.
func volatile(dir *os.File, kind fileSystem) bool {
	if kind.name != overlay {
		return false
	}
	var x unix.Statx_t
	if err := unix.Statx(int(dir.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &x); err != nil {
		return true
	}
	found, err := mountinfo.GetMounts(func(m *mountinfo.Info) (skip, stop bool) {
		return uint64(m.ID) != x.Mnt_id, false
	})
	return err != nil || len(found) != 1 || slices.Contains(strings.Split(found[0].VFSOptions, ","), "volatile")
}

// diskSequence is the number that the kernel gives to a disk each time it
// appears (Linux 5.15); empty where there is no disk of its own.
func diskSequence(device uint64) string {
	base := fmt.Sprintf("/sys/dev/block/%d:%d/", unix.Major(device), unix.Minor(device))
	for _, path := range []string{base + "diskseq", base + "../diskseq"} {
		if b, err := os.ReadFile(path); err == nil {
			return strings.TrimSpace(string(b))
		}
	}
	return ""
}

// maxSettle bounds the wait of settle; clock ticks are 1 to 10 ms.
const maxSettle = 50 * time.Millisecond

// settle waits, at most some clock ticks, until the clock that stamps files is
// past every ctime of the list, so that whatever is written afterwards bears
// another one. Before Linux 6.13 stamps are no finer than a tick. It returns
// that clock's time; later stamps (of a clock set back) are not waited for.
func settle(ctx context.Context, entries []Entry) (int64, error) {
	var newest int64
	for i := range entries {
		newest = max(newest, entries[i].Ctime)
	}
	for deadline := time.Now().Add(maxSettle); ; {
		now, err := stampClock()
		if err != nil || now > newest || time.Now().After(deadline) || newest-now > int64(time.Second) {
			return now, err
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

func stampClock() (int64, error) {
	var t unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &t)
	return t.Nano(), err
}

// settled reports whether a stamp is old enough, at the time taken, to differ
// from every later one. File systems that keep whole seconds need a second.
func settled(ctime, taken int64) bool {
	if ctime%int64(time.Second) == 0 {
		return ctime+int64(time.Second) < taken
	}
	return ctime < taken
}
