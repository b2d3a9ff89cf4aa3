package volume

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// What fails in the middle of a capture, on real file systems: nothing has the
// capture's name, and the source is as it was.
func TestFaultsInCapture(t *testing.T) {
	if !ownMounts(t) {
		return
	}
	for _, c := range []struct {
		name string
		lay  func(t *testing.T) (src, store string)
		want []error // one of them
		rest bool    // a disk that takes no writes may keep the hidden rest
	}{
		{name: "disk full", lay: diskFull, want: []error{unix.ENOSPC}},
		{name: "quota", lay: quota, want: []error{unix.EDQUOT}},
		{name: "write error", lay: writeError, want: []error{unix.EIO, unix.ENOSPC}, rest: true},
		{name: "read error", lay: readError, want: []error{unix.EIO}},
	} {
		t.Run(c.name, func(t *testing.T) {
			src, store := c.lay(t)
			before := times(t, src)
			r, err := Capture(t.Context(), src, store+"/volume-0", CaptureOptions{})
			if err == nil {
				err = r.Publish(t.Context())
			}
			t.Log(err)
			if !slices.ContainsFunc(c.want, func(want error) bool { return errors.Is(err, want) }) {
				t.Errorf("not %v", c.want)
			}
			if _, err := os.Lstat(store + "/volume-0"); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("it has its name: %v", err)
			}
			if !c.rest {
				onlyIn(t, store)
			}
			if after := times(t, src); after != before {
				t.Errorf("the source was %s, is %s", before, after)
			}
		})
	}
}

// times are the names of a tree with what no read changes.
func times(t *testing.T, root string) (all string) {
	t.Helper()
	l, err := Fingerprint(t.Context(), root, Options{})
	must(t, err)
	for _, e := range l.Entries {
		all += fmt.Sprintf("%s %d %v\n", e.Path, e.Size, e.Mtime)
	}
	return all
}

func many(t *testing.T, dir string, n int) string {
	t.Helper()
	for i := range n {
		write(t, fmt.Sprintf("%s/base/%d", dir, i), noise("many", 4096))
	}
	return dir
}

func made(t *testing.T, dir string) string {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o755))
	return dir
}

// diskFull has room for the bytes, but not for the files: what no look before
// can foresee.
func diskFull(t *testing.T) (src, store string) {
	dir, _ := mountImage(t, "ext4", 64<<20, "-N", "64")
	return many(t, tempDir(t)+"/db", 200), made(t, dir+"/store")
}

// quota allows less than the source has; no look at the file system shows it.
func quota(t *testing.T) (src, store string) {
	dir, _ := mountImage(t, "btrfs", 256<<20)
	store = dir + "/store"
	for _, args := range [][]string{{"quota", "enable", dir}, {"subvolume", "create", store}, {"qgroup", "limit", "8M", store}} {
		if out, err := exec.Command("btrfs", args...).CombinedOutput(); err != nil {
			t.Fatalf("btrfs %q: %v: %s", args, err, out)
		}
	}
	src = tempDir(t) + "/db"
	write(t, src+"/file", noise("file", 32<<20))
	return src, store
}

// writeError is a disk that promises more room than the one behind it has. The
// kernel hands on what the one behind it said, or says EIO.
func writeError(t *testing.T) (src, store string) {
	small := tempDir(t)
	must(t, unix.Mount("tmpfs", small, "tmpfs", 0, "size=24m"))
	t.Cleanup(func() { must(t, unix.Unmount(small, unix.MNT_DETACH)) })
	dir, _ := mountIn(t, small, "ext4", 256<<20, "-E", "lazy_itable_init=1")
	src = tempDir(t) + "/db"
	write(t, src+"/file", noise("file", 48<<20))
	return src, made(t, dir+"/store")
}

// readError is a disk whose end is gone.
func readError(t *testing.T) (src, store string) {
	dir, image := mountImage(t, "ext4", 256<<20)
	src = dir + "/db"
	write(t, src+"/file", noise("file", 64<<20))
	must(t, SyncFS(src))
	must(t, unix.Unmount(dir, 0)) // and with it the cache
	mountLoop(t, image, dir)
	times(t, src) // the names stay in memory
	must(t, unix.Fadvise(open(t, image), 0, 0, unix.FADV_DONTNEED))
	must(t, os.Truncate(image, 20<<20))
	return src, made(t, filepath.Join(tempDir(t), "store"))
}

func open(t *testing.T, path string) int {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return int(f.Fd())
}
