package criu

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestRingsIn(t *testing.T) {
	const maps = `7f54bacf7000-7f54bacfc000 rw-s 00000000 00:13 63539                      /[aio] (deleted)
7f54bb9ad000-7f54bb9ae000 r--p 00000000 fe:00 9995011                    /usr/lib/libaio.so.1t64.0.2
7f54bbc31000-7f54bbc32000 rw-s 00000000 00:13 63530                      /[aio] (deleted)
7f54bbc32000-7f54bbc33000 rw-s 00000000 00:13 1                          /data/[aio]
7f54bbc33000-7f54bbc34000 rw-p 00000000 00:00 0
`
	if got := ringsIn(maps); !slices.Equal(got, []uint64{0x7f54bacf7000, 0x7f54bbc31000}) {
		t.Errorf("got %#x", got)
	}
}

// iocb is struct iocb of linux/aio_abi.h.
type iocb struct {
	_         uint64 // data
	_, _      uint32 // key, flags
	_, _      uint16 // opcode, priority: a read
	fd        uint32
	buf, size uint64
	_         int64  // offset
	_         uint64 // reserved
	_, _      uint32 // flags, resfd
}

// A request of this process's own shows in its ring, until and after it is
// taken out.
func TestReadAIO(t *testing.T) {
	self := []int{os.Getpid()}
	if a, err := ReadAIO(self); err != nil || !a.None() || !a.Taken() {
		t.Fatalf("before: %+v, %v", a, err)
	}
	var ring uintptr
	if _, _, errno := unix.Syscall(unix.SYS_IO_SETUP, 8, uintptr(unsafe.Pointer(&ring)), 0); errno != 0 {
		t.Skipf("this kernel or sandbox has no native AIO: %v", errno)
	}
	defer unix.Syscall(unix.SYS_IO_DESTROY, ring, 0, 0)
	idle := mustAIO(t, self)
	if idle.None() || !idle.Taken() || !idle.Same(idle) {
		t.Fatalf("idle: %+v", idle)
	}
	read(t, ring)
	answered := mustAIO(t, self)
	if answered.Taken() || answered.SameRings(idle) {
		t.Errorf("answered: %+v", answered)
	}
	var event [4]uint64
	if n, _, errno := unix.Syscall6(unix.SYS_IO_GETEVENTS, ring, 1, 1, uintptr(unsafe.Pointer(&event)), 0, 0); n != 1 {
		t.Fatal(errno)
	}
	if taken := mustAIO(t, self); !taken.Taken() || taken.SameRings(answered) || taken.SameRings(idle) {
		t.Errorf("taken: %+v", taken)
	}
}

func mustAIO(t *testing.T, pids []int) AIO {
	t.Helper()
	a, err := ReadAIO(append(pids, 1<<30)) // one that has ended
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// read reads a file with AIO; without O_DIRECT it is answered at once.
func read(t *testing.T, ring uintptr) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	buf := make([]byte, 4)
	request := &iocb{fd: uint32(f.Fd()), buf: uint64(uintptr(unsafe.Pointer(&buf[0]))), size: 4}
	if n, _, errno := unix.Syscall(unix.SYS_IO_SUBMIT, ring, 1, uintptr(unsafe.Pointer(&request))); n != 1 {
		t.Fatal(errno)
	}
}
