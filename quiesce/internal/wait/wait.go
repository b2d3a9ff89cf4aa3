// Package wait is how drivers let time pass: bounded by a context, and looking
// instead of guessing.
package wait

import (
	"context"
	"errors"
	"time"
)

// Sleep waits for d, or fails when ctx ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// The bounds of the pauses between two looks.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = 100 * time.Millisecond
)

// Until looks until f is done, with pauses that grow from 5 to 100
// milliseconds. It gives up with ctx's error.
func Until(ctx context.Context, f func() (done bool, err error)) error {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		done, err := f()
		if done || err != nil {
			return err
		}
		if err := Sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// Spent is true when an error is only that the time ran out.
func Spent(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
