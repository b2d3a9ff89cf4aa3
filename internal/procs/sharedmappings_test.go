package procs

import (
	"os"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestSharedMappings(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(4096); err != nil {
		t.Fatal(err)
	}
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	inode := st.Sys().(*syscall.Stat_t).Ino
	for prot, want := range map[int]bool{unix.PROT_READ: false, unix.PROT_READ | unix.PROT_WRITE: true} {
		m, err := unix.Mmap(int(f.Fd()), 0, 4096, prot, unix.MAP_SHARED)
		if err != nil {
			t.Fatal(err)
		}
		got, err := SharedMappings([]int{os.Getpid(), 1 << 30})
		if err != nil || got.Shared[inode] != want || got.Async {
			t.Errorf("protection %d: %v, %v", prot, got.Shared[inode], err)
		}
		if err := unix.Munmap(m); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAsyncMappings(t *testing.T) {
	p, err := newAIO()
	if err != nil {
		t.Skipf("no asynchronous I/O here: %v", err)
	}
	got, err := SharedMappings([]int{os.Getpid()})
	if err != nil || !got.Async {
		t.Errorf("%+v, %v", got, err)
	}
	unix.Syscall(unix.SYS_IO_DESTROY, p, 0, 0)
}

func newAIO() (uintptr, error) {
	var ctx uintptr
	_, _, errno := unix.Syscall(unix.SYS_IO_SETUP, 4, addr(&ctx), 0)
	if errno != 0 {
		return 0, errno
	}
	return ctx, nil
}

func addr(p *uintptr) uintptr { return uintptr(unsafe.Pointer(p)) }
