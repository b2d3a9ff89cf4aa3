package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lull-containers/lull/lab"
	"github.com/lull-containers/lull/lab/demo/screen"
)

// Options say how the demo is run.
type Options struct {
	Bin  string // folder with lull and its shims
	Keep bool   // leave daemon and databases running
}

// The ways for Run to end early or badly.
var (
	// ErrVerdict says that a database came back otherwise than it must.
	ErrVerdict = errors.New("something is not as it must be: see the verdicts")
	// ErrInterrupted says that ctx was cancelled.
	ErrInterrupted = errors.New("interrupted")
)

// scene is one act: what it is called, in short and in full, and what happens.
type scene struct {
	name, title string
	play        func(*act, context.Context) error
}

func scenes() []scene {
	return []scene{
		{"back in time", "Back in time: checkpoint, write on, kill, roll back", (*act).backInTime},
		{"park", "Park: checkpoint and stop, bring it back, lose nothing", (*act).parked},
		{"no volume", "No volume: the database lives in the container's own layer", (*act).ownLayer},
	}
}

// Run plays all acts on a containerd of its own and gives what was measured.
// Whatever happens, also when ctx is cancelled, it leaves nothing behind,
// unless it is told to keep it.
func Run(ctx context.Context, l *lab.Lab, say *screen.Screen, o Options) (r *Result, err error) {
	began := time.Now()
	s := &stage{lab: l, say: say, bin: o.Bin}
	r = &Result{Acts: []*Act{}}
	defer func() {
		r.Seconds = time.Since(began).Seconds()
		if ctx.Err() != nil {
			err = ErrInterrupted
		}
		r.Kept = o.Keep && ctx.Err() == nil && s.ready
		err = errors.Join(err, s.close(ctx, r.Kept))
	}()
	if err := s.open(ctx); err != nil {
		return r, err
	}
	r.Versions = s.versions(ctx)
	if err := s.play(ctx, r); err != nil {
		return r, hint(err, o)
	}
	s.say.Title("The verdict")
	s.say.Block(r.Table(say))
	return r, r.err()
}

// hint says how to find out more.
func hint(err error, o Options) error {
	if o.Keep {
		return err
	}
	return fmt.Errorf("%w; `make demo DEMO=--keep` leaves everything there to be looked at", err)
}

func (s *stage) play(ctx context.Context, r *Result) error {
	s.introduce(r.Versions)
	for i, sc := range scenes() {
		a := &act{stage: s, result: &Act{Name: sc.name, Title: sc.title}}
		r.Acts = append(r.Acts, a.result)
		s.say.Title("Act %d. %s", i+1, sc.title)
		if err := sc.play(a, ctx); err != nil {
			a.leave()
			return fmt.Errorf("act %d: %w", i+1, err)
		}
	}
	return nil
}
