package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/lull-containers/lull/internal/failpoint"
	"github.com/lull-containers/lull/manifest"
)

// step is one line of a sequence.
type step struct {
	name string
	do   func(context.Context) error
}

// recorder runs steps and keeps their times.
type recorder struct {
	sequence string // checkpoint, restore
	began    time.Time
	steps    []manifest.Step
	remark   string // on the step under way
}

func newRecorder(sequence string) *recorder {
	return &recorder{sequence: sequence, began: time.Now()}
}

// run stops at the first step that fails; the error names the step.
func (r *recorder) run(ctx context.Context, steps []step) error {
	for _, s := range steps {
		if err := r.one(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

func (r *recorder) one(ctx context.Context, s step) error {
	start := time.Now()
	err := failpoint.Hit(r.sequence + "." + s.name)
	if err == nil {
		err = s.do(ctx)
	}
	r.note(s.name, start, err)
	return err
}

func (r *recorder) note(name string, start time.Time, err error) {
	st := manifest.Step{Name: name, Start: millis(start.Sub(r.began)), Millis: millis(time.Since(start)), Note: r.remark}
	if err != nil {
		st.Note = "failed"
	}
	r.steps, r.remark = append(r.steps, st), ""
}

// millis is a duration in milliseconds, to the microsecond.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
