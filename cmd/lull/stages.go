package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lull-containers/lull/internal/failpoint"
	"github.com/lull-containers/lull/manifest"
)

// stage is one step of a command that consists of several.
type stage struct {
	name string
	do   func(context.Context) error
}

// stepClock runs stages and keeps their times.
type stepClock struct {
	began time.Time
	steps []manifest.Step
}

func newStepClock() stepClock { return stepClock{began: time.Now()} }

// run stops at the first stage that fails, and at a cancelled ctx; the error
// names the stage.
func (c *stepClock) run(ctx context.Context, progress func(string, ...any), stages []stage) error {
	for _, s := range stages {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		progress("%s", s.name)
		start := time.Now()
		err := failpoint.Hit("lull." + s.name)
		if err == nil {
			err = s.do(ctx)
		}
		c.steps = append(c.steps, manifest.Step{Name: s.name,
			Start: millis(start.Sub(c.began)), Millis: millis(time.Since(start))})
		if err != nil {
			return named(s.name, err)
		}
	}
	return nil
}

// named says where an error came from, unless it explains itself.
func named(stage string, err error) error {
	var coder exitCoder
	if errors.As(err, &coder) {
		return err
	}
	return fmt.Errorf("%s: %w", stage, err)
}

// millis is a duration in milliseconds, to the microsecond.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
