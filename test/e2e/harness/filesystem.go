package harness

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// FileSystem mounts a new file system of a kind (ext4, xfs, btrfs) in a file,
// of that many MiB, and gives its mount point. The test's end removes it.
func (d *Daemon) FileSystem(t testing.TB, kind string, mib int64) string {
	t.Helper()
	dir := filepath.Join(d.Data, "volumes", Name(t, kind))
	point, image := filepath.Join(dir, "mnt"), filepath.Join(dir, "image")
	if err := os.MkdirAll(point, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("left behind: %v", err)
		}
	})
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, mib<<20); err != nil {
		t.Fatal(err)
	}
	MustRun(t, "mkfs."+kind, "-q", image)
	Mount(t, point, "-o", "loop", image)
	return point
}

// Mount mounts with mount(8)'s arguments, and unmounts at the test's end.
func Mount(t testing.TB, point string, args ...string) {
	t.Helper()
	MustRun(t, "mount", append(args, point)...)
	t.Cleanup(func() {
		if err := unix.Unmount(point, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", point, err)
		}
	})
}

// MustRun runs a program of the machine's, which has to succeed.
func MustRun(t testing.TB, program string, args ...string) {
	t.Helper()
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
}
