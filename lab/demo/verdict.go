package demo

import (
	"context"
	"fmt"
	"slices"

	"github.com/lull-containers/lull/test/ledger"
)

// The promises, in the order of the table.
const (
	verdictRefused  = "refused without leave"
	verdictThere    = "every acknowledged write is there"
	verdictNothing  = "nothing of after the cut is there"
	verdictWhole    = "transfers whole, sum to zero"
	verdictTutorial = "tutorial's queries as before"
	verdictWrites   = "new writes work"
)

func verdictNames() []string {
	return []string{verdictRefused, verdictThere, verdictNothing, verdictWhole, verdictTutorial, verdictWrites}
}

// promiseOf tells which promise a fault in the ledger breaks.
func promiseOf(f ledger.Fault) string {
	switch f {
	case ledger.Missing, ledger.Hole:
		return verdictThere
	case ledger.AfterCut, ledger.Duplicate, ledger.Denied, ledger.Stranger:
		return verdictNothing
	case ledger.Stuck:
		return verdictWrites
	}
	return verdictWhole
}

func (a *act) judge(v Verdict) { a.result.Verdicts = append(a.result.Verdicts, v) }

// prove reads the database before anybody writes to it.
func (a *act) prove(ctx context.Context) error {
	r, err := a.load.check(ctx, 0)
	if err != nil {
		return err
	}
	a.judge(judgement(verdictThere, r, fmt.Sprintf("%s of %d clients, no hole", number(r.Transfers), len(r.Clients))))
	gone, err := a.gone()
	if err != nil {
		return err
	}
	a.judge(judgement(verdictNothing, r, gone))
	a.judge(judgement(verdictWhole, r, ""))
	return a.proveTutorial(ctx)
}

// gone says how much a rollback took back, as far as a rollback did.
func (a *act) gone() (string, error) {
	if !a.mustUndo {
		return "there was no after", nil
	}
	attempts, err := a.load.log.History().Attempts()
	later := 0
	for _, e := range attempts {
		if e.Outcome == ledger.Committed && e.Sent > a.cut.CutEnd {
			later++
		}
	}
	return fmt.Sprintf("%s later ones are gone", number(later)), err
}

// judgement is the verdict on one promise, with the first fault that breaks it.
func judgement(name string, r *ledger.Report, detail string) Verdict {
	i := slices.IndexFunc(r.Violations, func(v ledger.Violation) bool { return promiseOf(v.Fault) == name })
	if i >= 0 {
		return Verdict{Name: name, Detail: r.Violations[i].Error()}
	}
	return Verdict{Name: name, OK: true, Detail: detail}
}

func (a *act) proveTutorial(ctx context.Context) error {
	after, err := a.db.TutorialAnswers(ctx)
	if err != nil {
		return err
	}
	v := Verdict{Name: verdictTutorial, OK: true, Detail: fmt.Sprintf("%d of them, %s rows", len(after), after[0].Value)}
	for i, want := range a.before {
		if after[i] != want {
			v.OK, v.Detail = false, fmt.Sprintf("%s, before: %s", after[i], want.Value)
			break
		}
	}
	a.judge(v)
	return nil
}

// writesAgain lets clients write to the restored database, and holds all that
// is there against the log once more.
func (a *act) writesAgain(ctx context.Context) error {
	restored := a.load.log.Now()
	had := a.load.acked()
	if err := a.writes(again, "Its clients come back.")(ctx); err != nil {
		return err
	}
	a.load.stop()
	r, err := a.load.check(ctx, restored)
	if err != nil {
		return err
	}
	v := Verdict{Name: verdictWrites, OK: r.Err() == nil, Detail: number(a.load.acked()-had) + " more"}
	if !v.OK {
		v.Detail = r.Violations[0].Error()
	}
	a.judge(v)
	return nil
}
