package captures

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/volume"
)

const id = "0123456789abcdef0123456789abcdef"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// source is a volume with a file.
func source(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	must(t, os.WriteFile(dir+"/file", []byte("data"), 0o600))
	return dir
}

// made is a store with one captured volume.
func made(t *testing.T, at, src string) Store {
	t.Helper()
	s := Store{Dir: at}
	d, err := s.Begin(id)
	must(t, err)
	d.Avoid(src)
	dst, err := d.Place("volume-0", src)
	must(t, err)
	r, err := volume.Capture(t.Context(), src, dst, volume.CaptureOptions{})
	must(t, err)
	must(t, r.Publish(t.Context()))
	if c, err := s.Get(id); err != nil || !c.Busy {
		t.Errorf("being made: %+v, %v", c, err)
	}
	if err := s.Remove(t.Context(), id); !errors.Is(err, ErrBusy) {
		t.Errorf("removed while it is made: %v", err)
	}
	must(t, d.Keep())
	return s
}

func TestRemoveCountsReferences(t *testing.T) {
	s := made(t, t.TempDir(), source(t))
	all, err := s.List(t.Context())
	must(t, err)
	if len(all) != 1 || all[0].ID != id || len(all[0].Captures) != 1 || all[0].Busy {
		t.Fatalf("%+v", all)
	}
	for _, by := range []string{"clone/default/shop 1", "clone/default/shop 1", "image/x:latest"} {
		must(t, s.Hold(id, by))
	}
	err = s.Remove(t.Context(), id)
	if !errors.Is(err, ErrHeld) || !strings.Contains(err.Error(), "shop 1") {
		t.Errorf("held: %v", err)
	}
	must(t, s.Release(id, "clone/default/shop 1"))
	must(t, s.Release(id, "clone/default/shop 1"))
	if err := s.Remove(t.Context(), id); !errors.Is(err, ErrHeld) {
		t.Errorf("still held: %v", err)
	}
	must(t, s.Release(id, "image/x:latest"))
	must(t, s.Remove(t.Context(), id))
	if _, err := s.Get(id); !errors.Is(err, ErrNotFound) {
		t.Errorf("removed: %v", err)
	}
	if err := s.Hold(id, "late"); !errors.Is(err, ErrNotFound) {
		t.Errorf("held what is gone: %v", err)
	}
}

// Who came between the first look and the lock is seen.
func TestRemoveLooksUnderItsLock(t *testing.T) {
	s := made(t, t.TempDir(), source(t))
	must(t, s.Hold(id, "clone/default/shop"))
	if err := s.removeLocked(t.Context(), id); !errors.Is(err, ErrHeld) {
		t.Errorf("held: %v", err)
	}
	if c, err := s.Get(id); err != nil || len(c.Captures) != 1 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestMarkOutlivesItsCapture(t *testing.T) {
	s := made(t, t.TempDir(), source(t))
	must(t, os.WriteFile(filepath.Join(s.Folder(id), mark), []byte("thawed\n"), 0o600))
	must(t, s.Remove(t.Context(), id))
	_, err := s.Sweep(t.Context())
	must(t, err)
	c, err := s.Get(id)
	if err != nil || c.Poisoned != "thawed" || len(c.Captures) > 0 {
		t.Errorf("%+v, %v", c, err)
	}
	must(t, s.Forget(id))
	if _, err := s.Get(id); !errors.Is(err, ErrNotFound) {
		t.Errorf("forgotten: %v", err)
	}
}

// What a killed process leaves is swept, what a live one works on is not.
func TestSweep(t *testing.T) {
	s, src := Store{Dir: t.TempDir()}, source(t)
	d, err := s.Begin(id)
	must(t, err)
	dst, err := d.Place("volume-0", src)
	must(t, err)
	_, err = volume.Capture(t.Context(), src, dst, volume.CaptureOptions{})
	must(t, err)
	gone, err := s.Sweep(t.Context())
	if err != nil || len(gone) > 0 {
		t.Errorf("swept %q from a live process: %v", gone, err)
	}
	must(t, d.Discard())
	if _, err := s.Get(id); !errors.Is(err, ErrNotFound) {
		t.Errorf("discarded: %v", err)
	}
	must(t, os.MkdirAll(filepath.Join(s.Folder(id), ".lull-partial-volume-0-x", "base"), 0o700))
	gone, err = s.Sweep(t.Context())
	if err != nil || len(gone) != 2 {
		t.Errorf("swept %q: %v", gone, err)
	}
}

// A link whose capture is gone with the store's folder there goes, unless the
// file system is not mounted.
func TestSweepOfDanglingLinks(t *testing.T) {
	for base, want := range map[string]int{"/": 0, "/not/mounted": 1} {
		s := Store{Dir: t.TempDir()}
		must(t, os.MkdirAll(s.Folder(id), 0o700))
		must(t, os.Symlink(filepath.Join(base, foreignDir, checkpoints, id, "volume-0"), filepath.Join(s.Folder(id), "volume-0")))
		_, err := s.Sweep(t.Context())
		must(t, err)
		if left, _ := os.ReadDir(s.Folder(id)); len(left) != want {
			t.Errorf("on %s: %v", base, left)
		}
	}
}

// A link that somebody else made leads nowhere.
func TestForeignLinksAreNotFollowed(t *testing.T) {
	s, victim := Store{Dir: t.TempDir()}, source(t)
	must(t, os.MkdirAll(s.Folder(id), 0o700))
	must(t, os.Symlink(victim, filepath.Join(s.Folder(id), "volume-0")))
	if err := s.Remove(t.Context(), id); err == nil {
		t.Error("it was followed")
	}
	if _, err := os.Stat(victim + "/file"); err != nil {
		t.Error(err)
	}
}

// On a file system that shares blocks the capture is made there, and found and
// removed through the store.
func TestForeignStore(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: mounts")
	}
	mnt := mountXFS(t)
	src := filepath.Join(mnt, "db")
	must(t, os.Mkdir(src, 0o700))
	must(t, os.WriteFile(src+"/file", make([]byte, 1<<20), 0o600))
	s := made(t, t.TempDir(), src)
	c, err := s.Get(id)
	must(t, err)
	want := filepath.Join(mnt, foreignDir, checkpoints, id, "volume-0")
	if len(c.Captures) != 1 || c.Captures[0].Path != want {
		t.Errorf("%+v, not %s", c.Captures, want)
	}
	must(t, s.Remove(t.Context(), id))
	if _, err := os.Stat(filepath.Join(mnt, foreignDir, checkpoints)); !errors.Is(err, os.ErrNotExist) {
		entries, _ := os.ReadDir(filepath.Join(mnt, foreignDir, checkpoints))
		t.Errorf("left: %v %v", entries, err)
	}
	// A volume that is a whole file system leaves no place on it.
	if base, err := foreignBase(s.Dir, mnt, nil); base != "" || err != nil {
		t.Errorf("a store inside of what is captured: %s, %v", base, err)
	}
}

func mountXFS(t *testing.T) string {
	t.Helper()
	mkfs, err := exec.LookPath("mkfs.xfs")
	if err != nil {
		t.Skip("mkfs.xfs is not installed")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	image, mnt := dir+"/image", dir+"/mnt"
	must(t, os.Mkdir(mnt, 0o755))
	must(t, os.WriteFile(image, nil, 0o600))
	must(t, os.Truncate(image, 320<<20))
	if out, err := exec.Command(mkfs, "-q", image).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := exec.Command("mount", "-o", "loop", image, mnt).CombinedOutput(); err != nil {
		t.Skipf("loop devices cannot be mounted here: %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", mnt).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	return mnt
}
