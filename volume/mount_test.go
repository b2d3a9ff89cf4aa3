package volume

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	childEnv = "LULL_TEST_CHILD"
	skipEnv  = "LULL_TEST_SKIP"
)

// ownMounts runs the calling test, a top-level one, once more in a process
// with a mount namespace of its own, and returns true there. Whatever that
// process mounts goes with it.
func ownMounts(t *testing.T) bool {
	t.Helper()
	needRoot(t)
	if os.Getenv(childEnv) != "" {
		must(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
		return true
	}
	reason := tempDir(t) + "/reason"
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), childEnv+"=1", skipEnv+"="+reason)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("in a mount namespace of its own: %v\n%s", err, out)
	}
	if why, err := os.ReadFile(reason); err == nil {
		t.Skip(string(why))
	}
	if !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("it did not run:\n%s", out)
	}
	return false
}

// skipChild skips in the child and in its parent.
func skipChild(t *testing.T, why string) {
	t.Helper()
	must(t, os.WriteFile(os.Getenv(skipEnv), []byte(why), 0o600))
	t.Skip(why)
}

// mountImage mounts a new file system of a kind, in a file of size bytes.
func mountImage(t *testing.T, kind string, size int64, mkfsArgs ...string) (dir, image string) {
	t.Helper()
	return mountIn(t, tempDir(t), kind, size, mkfsArgs...)
}

func mountIn(t *testing.T, base, kind string, size int64, mkfsArgs ...string) (dir, image string) {
	t.Helper()
	mkfs, err := exec.LookPath("mkfs." + kind)
	if err != nil {
		skipChild(t, "mkfs."+kind+" is not installed")
	}
	dir, image = base+"/mnt", base+"/image"
	must(t, os.Mkdir(dir, 0o755))
	write(t, image, nil)
	must(t, os.Truncate(image, size))
	if out, err := exec.Command(mkfs, append(mkfsArgs, "-q", image)...).CombinedOutput(); err != nil {
		t.Fatalf("mkfs.%s: %v\n%s", kind, err, out)
	}
	mountLoop(t, image, dir)
	return dir, image
}

func mountLoop(t *testing.T, image, dir string) {
	t.Helper()
	if out, err := exec.Command("mount", "-o", "loop", image, dir).CombinedOutput(); err != nil {
		skipChild(t, "loop devices cannot be mounted here: "+strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }) // else it goes with the namespace
}

func bindMount(t *testing.T, from, to string) {
	t.Helper()
	must(t, unix.Mount(from, to, "", unix.MS_BIND, ""))
	t.Cleanup(func() { must(t, unix.Unmount(to, unix.MNT_DETACH)) })
}

func mountTmpfs(t *testing.T, at string) {
	t.Helper()
	must(t, unix.Mount("tmpfs", at, "tmpfs", 0, ""))
	t.Cleanup(func() { must(t, unix.Unmount(at, unix.MNT_DETACH)) })
}
