package ledger

import (
	"fmt"
	"math"
	"time"
)

// never is later than every instant of a log.
const never = time.Duration(math.MaxInt64)

// Rollback is a restore that took the database back to a cut. All times are
// on the log's clock.
type Rollback struct {
	CutStart time.Duration // just before the checkpoint was asked for
	CutEnd   time.Duration // just after the checkpoint was done, or the database thawed
	// Restored is an instant after the old server was gone for good and
	// before the restored one could be written to.
	Restored time.Duration
}

// Expect says what the database went through between the log's beginning and
// the moment in which it was read.
type Expect struct {
	// Rollbacks are all restores that took the database back.
	Rollbacks []Rollback
	// ProgressAfter, unless 0, asks for an acknowledged entry of every client
	// that was sent after this instant.
	ProgressAfter time.Duration
}

// Intact expects every acknowledged entry: no restore, or restores that took
// nothing back.
func Intact() Expect { return Expect{} }

// AtCut expects the state at a cut somewhere between start and end: nothing
// was written to the restored database before it was read.
func AtCut(start, end time.Duration) Expect {
	return Expect{Rollbacks: []Rollback{{CutStart: start, CutEnd: end, Restored: never}}}
}

// Continues expects the state at the cut and, on top of it, the entries of a
// load that went on after the restore, of every client.
func Continues(start, end, restored time.Duration) Expect {
	return Expect{
		Rollbacks:     []Rollback{{CutStart: start, CutEnd: end, Restored: restored}},
		ProgressAfter: restored,
	}
}

func (x Expect) valid() error {
	for _, r := range x.Rollbacks {
		if r.CutStart < 0 || r.CutStart > r.CutEnd || r.CutEnd > r.Restored {
			return fmt.Errorf("a rollback's times must follow each other: cut from %s to %s, restored at %s",
				r.CutStart, r.CutEnd, r.Restored)
		}
	}
	return nil
}

// required names no reason to miss the entry: it was acknowledged, and no
// rollback can have taken it back.
func (x Expect) required(a Attempt) bool {
	if a.Outcome != Committed {
		return false
	}
	for _, r := range x.Rollbacks {
		if a.Answered >= r.CutStart && a.Sent <= r.Restored {
			return false
		}
	}
	return true
}

// takenBack gives the rollback that the entry cannot have outlived: it was
// sent after the cut and before the restored server took writes.
func (x Expect) takenBack(a Attempt) (Rollback, bool) {
	for _, r := range x.Rollbacks {
		if a.Sent > r.CutEnd && a.Sent < r.Restored {
			return r, true
		}
	}
	return Rollback{}, false
}
