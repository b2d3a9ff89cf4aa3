package criu

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestPreflightSystemVMemory(t *testing.T) {
	id, err := unix.SysvShmGet(unix.IPC_PRIVATE, os.Getpagesize(), unix.IPC_CREAT|0o600)
	if err != nil {
		t.Skipf("this kernel or sandbox has no System V shared memory: %v", err)
	}
	defer unix.SysvShmCtl(id, unix.IPC_RMID, nil)
	memory, err := unix.SysvShmAttach(id, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.SysvShmDetach(memory)
	if got := checks(mappings(os.Getpid())); got != "fail shared memory" {
		t.Errorf("got %q", got)
	}
	needRoot(t)
	if got := mappings(child(t, nil)); len(got) != 0 {
		t.Errorf("a process without any: %v", got)
	}
}
