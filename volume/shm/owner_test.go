package shm

import (
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := os.Create(dir + "/PostgreSQL.lull-test")
	must(t, err)
	must(t, Alone(dir, []int{os.Getpid()}))
	if err := Alone(dir, nil); !errors.Is(err, ErrShared) {
		t.Errorf("a process outside has it open: %v", err)
	}
	must(t, f.Close())
	must(t, Alone(dir, nil))
	if _, err := os.Stat(host); err != nil {
		t.Skip("this machine has no ", host)
	}
	if err := Alone(host, nil); !errors.Is(err, ErrShared) {
		t.Errorf("the host's: %v", err)
	}
}

// What was under the names before a put back that was killed is there again.
func TestPutBackAfterAKilledOne(t *testing.T) {
	t.Parallel()
	dir, file := saved(t)
	must(t, os.WriteFile(dir+"/sem.x", []byte("newer"), 0o600))
	killed, err := PutBack(t.Context(), file, dir)
	must(t, err)
	must(t, os.WriteFile(dir+"/"+hidden+"1-new-sem.y", []byte("half"), 0o600))
	if _, err := PutBack(t.Context(), file, dir); err == nil {
		t.Fatal("two at a time")
	}
	before := map[string]string{"PostgreSQL.1": "one", "sem.x": "newer"} // than the archive's
	must(t, killed.close())
	r, err := PutBack(t.Context(), file, dir)
	must(t, err)
	must(t, r.Undo())
	if d := cmp.Diff(before, contents(t, dir)); d != "" {
		t.Error(d)
	}
}
