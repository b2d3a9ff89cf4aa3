package ledger

import "fmt"

// Attempts folds the events into the commits that were sent, in the order in
// which they were. A log that contradicts itself is an error.
func (h History) Attempts() ([]Attempt, error) {
	f := folder{at: map[int64]int{}}
	for _, e := range h.Events {
		if !e.Kind.concernsCommit() {
			continue
		}
		if err := f.add(e); err != nil {
			return nil, fmt.Errorf("acknowledgement log: client %d seq %d attempt %d: %w",
				e.Client, e.Seq, e.Attempt, err)
		}
	}
	return f.attempts, nil
}

type folder struct {
	attempts []Attempt
	at       map[int64]int // attempt number → index
}

func (f *folder) add(e Event) error {
	i, known := f.at[e.Attempt]
	if e.Kind == Sent {
		return f.send(e, known)
	}
	if !known {
		return fmt.Errorf("%s, but never sent", e.Kind)
	}
	a := &f.attempts[i]
	if a.Entry != e.Entry {
		return fmt.Errorf("%s as another entry than was sent", e.Kind)
	}
	return a.answer(e)
}

func (f *folder) send(e Event, known bool) error {
	if known {
		return fmt.Errorf("sent twice")
	}
	f.at[e.Attempt] = len(f.attempts)
	f.attempts = append(f.attempts, Attempt{Entry: e.Entry, Sent: e.At})
	return nil
}

func (a *Attempt) answer(e Event) error {
	if a.Outcome != InDoubt {
		return fmt.Errorf("%s after it was answered", e.Kind)
	}
	switch e.Kind {
	case Acked:
		a.Outcome, a.Answered = Committed, e.At
	case Refused:
		a.Outcome, a.Answered = NotCommitted, e.At
	}
	return nil
}
