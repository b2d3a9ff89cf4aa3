package thread

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func TestDiscard(t *testing.T) {
	broken := errors.New("broken")
	for range 200 {
		var tid int
		err := Discard(func() error { tid = unix.Gettid(); return broken })
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		if tid == 0 || tid == unix.Getpid() {
			t.Fatalf("thread %d of process %d", tid, unix.Getpid())
		}
	}
}
