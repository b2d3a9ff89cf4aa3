package procs

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestUserOf(t *testing.T) {
	t.Parallel()
	f, err := os.Create(t.TempDir() + "/lull-test-user-of")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(4096); err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	files := map[Inode]string{{st.Dev, st.Ino}: "lull-test-user-of"}
	us := os.Getpid()
	if pid, err := UserOf(files, nil); err != nil || pid != us {
		t.Errorf("open by us, %d: found %d, %v", us, pid, err)
	}
	if pid, err := UserOf(files, []int{us}); err != nil || pid != 0 {
		t.Errorf("nobody but us: found %d, %v", pid, err)
	}
	if pid, err := UserOf(map[Inode]string{{st.Dev, st.Ino + 1<<40}: "lull-test-user-of"}, nil); err != nil || pid != 0 {
		t.Errorf("another file of the name: found %d, %v", pid, err)
	}
}

func TestMappedInode(t *testing.T) {
	t.Parallel()
	line := "7f7c4b400000-7f7c4b500000 rw-s 00000000 00:1a 1027                       /dev/shm/PostgreSQL.12 (deleted)"
	if got, want := mappedInode(line), (Inode{unix.Mkdev(0, 0x1a), 1027}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := mappedInode("7f7c4b400000-7f7c4b500000 rw-p 00000000 00:00 0"); got != (Inode{}) {
		t.Errorf("anonymous memory is %+v", got)
	}
}
