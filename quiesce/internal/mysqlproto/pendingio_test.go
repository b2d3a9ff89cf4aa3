package mysqlproto

import (
	"errors"
	"testing"

	"github.com/lull-containers/lull/quiesce"
)

func TestSlotsIn(t *testing.T) {
	const head, tail = "FILE I/O\n--------\nI/O thread 0 state: waiting\n", "\n ibuf aio reads:\nPending flushes (fsync) log: 0; buffer pool: 0\n"
	for line, want := range map[string]int{
		"Pending normal aio reads: [0, 0, 0, 0] , aio writes: [0, 0, 0, 0] ,":  0,
		"Pending normal aio reads: [1, 0, 0, 22] , aio writes: [0, 3, 0, 0] ,": 26,
		"Pending normal aio reads: [0, 0] , aio writes: [0, 12] ,":             12,
	} {
		if got, err := slotsIn(head + line + tail); got != want || err != nil {
			t.Errorf("%s: got %d, %v", line, got, err)
		}
	}
	for _, line := range []string{"", "Pending normal aio reads: , aio writes: ,", "Pending normal aio reads: [0, 0] , aio writes:",
		"Pending normal aio reads: [,] , aio writes: [0, 0]", "note: Pending normal aio reads: [0, 0] , aio writes: [0, 0]"} {
		if got, err := slotsIn(head + line + tail); err == nil {
			t.Errorf("%q: got %d", line, got)
		}
	}
	if _, err := slotsIn(head); !errors.Is(err, quiesce.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}
