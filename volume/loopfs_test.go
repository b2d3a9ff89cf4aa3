package volume

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Every file system captures its own way, and all keep everything.
func TestCaptureOnFileSystems(t *testing.T) {
	if !ownMounts(t) {
		return
	}
	for _, c := range []struct {
		name, kind, method string
		size               int64
		subvolume          bool
	}{
		{"ext4", "ext4", "copy", 256 << 20, false},
		{"xfs", "xfs", "reflink", 320 << 20, false},
		{"btrfs", "btrfs", "reflink", 256 << 20, false},
		{"subvolume", "btrfs", "snapshot", 256 << 20, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, _ := mountImage(t, c.kind, c.size)
			src := dir + "/db"
			if c.subvolume {
				out, err := exec.Command("btrfs", "subvolume", "create", src).CombinedOutput()
				if err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			write(t, src+"/PG_VERSION", []byte("17\n"))
			awkward(t, src)
			must(t, SyncFS(src))
			r := captured(t, src, dir+"/store/volume-0", CaptureOptions{Hash: true})
			if r.Method != c.method {
				t.Errorf("method %s, not %s", r.Method, c.method)
			}
			same(t, dir+"/store/volume-0", r.List)
			alike(t, src, dir+"/store/volume-0")
			must(t, Remove(dir+"/store/volume-0"))
			onlyIn(t, dir+"/store")
		})
	}
}

// Databases' files on btrfs often have no copies on write; they are shared all
// the same, whatever the folder of the captures says.
func TestFilesWithoutCOWAreShared(t *testing.T) {
	if !ownMounts(t) {
		return
	}
	dir, _ := mountImage(t, "btrfs", 256<<20)
	src := dir + "/db"
	write(t, src+"/a-plain-one", noise("plain", 100_000))
	for i, flag := range []string{"+C", "-C"} {
		write(t, src+"/set", nil)
		if out, err := exec.Command("chattr", "+C", src+"/set").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		write(t, src+"/set", noise("set", 100_000))
		store := filepath.Join(dir, "store", flag)
		must(t, os.MkdirAll(store, 0o700))
		if out, err := exec.Command("chattr", flag, store).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		r := captured(t, src, store+"/volume-0", CaptureOptions{MaxCopy: 1})
		if r.Method != "reflink" || r.Copied > 0 {
			t.Errorf("%d: %s, %d bytes copied", i, r.Method, r.Copied)
		}
		alike(t, src, store+"/volume-0")
		must(t, os.Remove(src+"/set"))
	}
}

// A snapshot is discarded, and swept, like any unpublished capture.
func TestSnapshotIsDiscarded(t *testing.T) {
	if !ownMounts(t) {
		return
	}
	dir, _ := mountImage(t, "btrfs", 256<<20)
	src := dir + "/db"
	if out, err := exec.Command("btrfs", "subvolume", "create", src).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	write(t, src+"/file", noise("file", 100_000))
	for _, end := range []func(*Result) error{(*Result).Discard, func(r *Result) error {
		must(t, r.close())
		gone, err := Prune(t.Context(), filepath.Dir(r.dst))
		if len(gone) != 1 {
			t.Errorf("swept %q", gone)
		}
		return err
	}} {
		r, err := Capture(t.Context(), src, dir+"/store/volume-0", CaptureOptions{})
		must(t, err)
		if r.Method != "snapshot" {
			t.Errorf("method %s", r.Method)
		}
		must(t, end(r))
		onlyIn(t, dir+"/store")
	}
}

func TestSameFileSystem(t *testing.T) {
	if !ownMounts(t) {
		return
	}
	dir, _ := mountImage(t, "btrfs", 256<<20)
	if out, err := exec.Command("btrfs", "subvolume", "create", dir+"/sub").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{{dir, dir + "/sub", true}, {dir, dir + "/sub/not/there/yet", true}, {dir, filepath.Dir(dir), false}, {"/proc", "/", false}} {
		if got, err := SameFileSystem(c.a, c.b); err != nil || got != c.want {
			t.Errorf("%s and %s: %v, %v", c.a, c.b, got, err)
		}
	}
}
