package demo

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/internal/state"
)

// mistake is what a rollback is for.
func (a *act) mistake(ctx context.Context) error {
	ran, err := a.do(ctx, "ctr", "tasks", "exec", "--exec-id", "oops", a.db.id,
		"psql", "-U", "postgres", "-c", "DELETE FROM test_data WHERE id <= 500")
	if err == nil {
		a.say.Quote(ran.stdout)
	}
	return err
}

// kill ends the container under load, as a crash would, and removes it.
func (a *act) kill(ctx context.Context) error {
	a.say.Gap()
	a.say.Say("Killed in the middle of it, and removed.")
	if _, err := a.do(ctx, "ctr", "tasks", "kill", "--signal", "SIGKILL", a.db.id); err != nil {
		return err
	}
	a.mark("killed")
	a.load.stop()
	return a.remove(ctx)
}

// remove removes a container that has ended, or is about to.
func (a *act) remove(ctx context.Context) error {
	if _, err := a.do(ctx, "ctr", "tasks", "delete", "--force", a.db.id); err != nil {
		return err
	}
	_, err := a.do(ctx, "ctr", "containers", "delete", a.db.id)
	return err
}

// refused tries a restore that would lose what was written since.
func (a *act) refused(args ...string) step {
	return func(ctx context.Context) error {
		a.say.Gap()
		a.say.Say("The memory is of the cut, the files are not. Nobody has allowed to throw the later writes away:")
		ran, err := a.try(ctx, args...)
		if err != nil {
			return err
		}
		code, why, _ := rpccode.Split(errors.New(ran.complaint()))
		a.say.Quote(why)
		a.judge(Verdict{Name: verdictRefused, OK: ran.Failed && code == rpccode.Drift})
		if !ran.Failed {
			return a.remove(ctx)
		}
		_, err = a.do(ctx, "ctr", "containers", "delete", a.db.id)
		return err
	}
}

// allow leaves the permit.
func (a *act) allow(ctx context.Context) error {
	a.say.Gap()
	a.say.Say("Going back is what is wanted here, once:")
	a.result.Back.RolledBack = true
	_, err := a.do(ctx, "lull", "allow-rollback", a.db.id)
	return err
}

// restore runs a command that brings the database back, and measures how long
// it takes until a client gets an answer.
func (a *act) restore(args ...string) step {
	return func(ctx context.Context) error {
		if a.mustUndo {
			a.cut.Restored = a.load.log.Now()
			a.load.undone = append(a.load.undone, a.cut)
		}
		first, stop := a.firstAnswer(ctx)
		defer stop()
		ran, err := a.do(ctx, args...)
		if err != nil {
			return err
		}
		b := &a.result.Back
		b.By, b.Seconds = words(args, min(3, len(args)-1)), ran.Seconds
		if err := b.await(ctx, first); err != nil {
			return err
		}
		return a.learn(b)
	}
}

// restoreImage is restore of the image that the checkpoint made.
func (a *act) restoreImage(args ...string) step {
	return func(ctx context.Context) error {
		return a.restore(append(slices.Clone(args), a.result.Cut.Image)...)(ctx)
	}
}

// firstAnswer asks from now on until an answer comes.
func (a *act) firstAnswer(ctx context.Context) (<-chan time.Duration, func()) {
	ctx, stop := context.WithCancel(ctx)
	first, began := make(chan time.Duration, 1), time.Now()
	go func() {
		if a.db.answers(ctx) == nil {
			a.mark("answers")
			first <- time.Since(began)
		}
	}()
	return first, stop
}

// patience is how long after its restore a database may answer nobody.
const patience = 10 * time.Second

func (b *Back) await(ctx context.Context, first <-chan time.Duration) error {
	select {
	case took := <-first:
		b.FirstMillis = millis(took)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(patience):
		return errors.New("the restored database answers nobody")
	}
}

// learn reads what lull recorded of the restore.
func (a *act) learn(b *Back) error {
	rec, err := state.Read(a.db.state)
	if err != nil {
		return err
	}
	b.Steps, b.Checked = rec.Steps, rec.Checked
	a.say.Say("%.1f s in all; the first query was answered %.2f s after the command began, once lull had compared %d facts with the manifest.",
		b.Seconds, b.FirstMillis/1000, len(b.Checked))
	return nil
}
