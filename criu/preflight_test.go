package criu

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// child starts a process that does nothing.
func child(t *testing.T, attr *syscall.SysProcAttr, files ...*os.File) int {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = attr
	cmd.ExtraFiles = files
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_, _ = cmd.Process.Wait()
	})
	return cmd.Process.Pid
}

func checks(all []Finding) string {
	var names []string
	for _, f := range all {
		names = append(names, string(f.Severity)+" "+f.Check)
	}
	return strings.Join(names, ", ")
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: enters network namespaces")
	}
}

func TestPreflightNothing(t *testing.T) {
	if got := Preflight(nil); got != nil {
		t.Errorf("no process: %v", got)
	}
	needRoot(t)
	if got := Preflight([]int{child(t, nil)}); len(got) != 0 {
		t.Errorf("sleep: %v", got)
	}
	const gone = 1 << 30
	if got := checks(Preflight([]int{child(t, nil), gone})); got != "" {
		t.Errorf("a process that ended: %v", got)
	}
}

func TestPreflightExec(t *testing.T) {
	needRoot(t)
	init, stranger := child(t, nil), child(t, nil)
	got := Preflight([]int{init, stranger})
	if checks(got) != "fail exec" || !strings.Contains(got[0].What, "(sleep)") {
		t.Errorf("got %v", got)
	}
}

func TestPreflightTraced(t *testing.T) {
	needRoot(t)
	runtime.LockOSThread() // the tracer is a thread
	defer runtime.UnlockOSThread()
	pid := child(t, &syscall.SysProcAttr{Ptrace: true})
	if got := checks(Preflight([]int{pid})); got != "fail ptrace" {
		t.Errorf("got %v", got)
	}
}

func TestPreflightNamespaces(t *testing.T) {
	needRoot(t)
	init := child(t, nil)
	inside := child(t, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS})
	got := checks(Preflight([]int{init, inside}))
	if got != "fail namespace, fail exec" {
		t.Errorf("got %v", got)
	}
}

func TestPreflightUnixPeer(t *testing.T) {
	needRoot(t)
	for _, tc := range []struct {
		kind int
		want string
	}{
		{unix.SOCK_STREAM, "fail unix sockets"},
		{unix.SOCK_SEQPACKET, "fail unix sockets"},
		{unix.SOCK_DGRAM, "warn unix sockets"},
	} {
		pair, err := unix.Socketpair(unix.AF_UNIX, tc.kind|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
		defer ours.Close()
		both := child(t, nil, ours, theirs)
		if got := checks(Preflight([]int{both})); got != "" {
			t.Errorf("kind %d: both ends inside: %v", tc.kind, got)
		}
		one := child(t, nil, theirs)
		theirs.Close()
		if got := checks(Preflight([]int{one})); got != tc.want {
			t.Errorf("kind %d: one end outside: got %q, want %q", tc.kind, got, tc.want)
		}
	}
}

func TestPreflightIOUring(t *testing.T) {
	const setup = 425
	var params [120]byte
	fd, _, errno := unix.Syscall(setup, 2, uintptr(unsafe.Pointer(&params)), 0)
	if errno != 0 {
		t.Skipf("this kernel or sandbox has no io_uring: %v", errno)
	}
	defer unix.Close(int(fd))
	if got := checks(handles(os.Getpid())); got != "fail io_uring" {
		t.Errorf("got %v", got)
	}
}

func TestPreflightUserfaultfd(t *testing.T) {
	fd, _, errno := unix.Syscall(unix.SYS_USERFAULTFD, 1 /* UFFD_USER_MODE_ONLY */, 0, 0)
	if errno != 0 {
		t.Skipf("this kernel or sandbox has no userfaultfd: %v", errno)
	}
	defer unix.Close(int(fd))
	if got := checks(handles(os.Getpid())); got != "fail userfaultfd" {
		t.Errorf("got %v", got)
	}
}

func TestMappings(t *testing.T) {
	maps := `7f1c-7f1d r-xp 00000000 fe:00 1234 /usr/lib/my [aio] lib.so
7f1d-7f1e rw-p 00000000 00:00 0
7f1e-7f1f rw-s 00000000 00:0f 4711                       /[aio] (deleted)
7f20-7f21 rw-s 00000000 00:0f 1                          anon_inode:[io_uring]
7ffd-7ffe rw-p 00000000 00:00 0                          [stack]
`
	if got := checks(match(1, mapped(maps), badMappings)); got != "warn native AIO, fail io_uring" {
		t.Errorf("got %q", got)
	}
	if got := match(1, mapped("7f1c-7f1d r-xp 0 fe:00 1 /data/[aio]\n"), badMappings); got != nil {
		t.Errorf("a file of that name elsewhere: %v", got)
	}
}
