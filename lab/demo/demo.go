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

// ErrVerdict is returned by Run when the databases came back otherwise than
// they must.
var ErrVerdict = errors.New("something is not as it must be: see the verdicts")

// scene is one act: what it is called and what happens.
type scene struct {
	title string
	play  func(*act, context.Context) error
}

func scenes() []scene {
	return []scene{
		{"Back in time: checkpoint, write on, kill, roll back", (*act).backInTime},
		{"Move: checkpoint and stop, bring it back, lose nothing", (*act).move},
		{"No volume: the database lives in the container's own layer", (*act).ownLayer},
	}
}

// Run plays all acts on a containerd of its own and gives what was measured.
// Whatever happens, also when ctx is cancelled, it leaves nothing behind,
// unless it is told to keep it.
func Run(ctx context.Context, l *lab.Lab, say *screen.Screen, o Options) (*Result, error) {
	began := time.Now()
	s := &stage{lab: l, say: say, bin: o.Bin}
	err := s.open(ctx)
	r := &Result{Versions: s.versions(ctx)}
	if err == nil {
		err = s.play(ctx, r)
	}
	r.Seconds = time.Since(began).Seconds()
	if err == nil {
		s.say.Title("The verdict")
		s.say.Block(r.Table(say))
		err = r.err()
	}
	r.Kept = o.Keep && ctx.Err() == nil && s.daemon != nil
	return r, errors.Join(err, s.close(ctx, r.Kept))
}

func (s *stage) play(ctx context.Context, r *Result) error {
	s.introduce(r.Versions)
	for i, sc := range scenes() {
		a := &act{stage: s, result: &Act{Title: sc.title}}
		r.Acts = append(r.Acts, a.result)
		s.say.Title("Act %d. %s", i+1, sc.title)
		err := sc.play(a, ctx)
		a.leave()
		if err != nil {
			return fmt.Errorf("act %d: %w", i+1, err)
		}
	}
	return nil
}
