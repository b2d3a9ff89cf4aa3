package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
)

// T stands for a test: the harness was written for those. Of testing.TB it has
// what the harness uses.
type T struct {
	testing.TB
	name     string
	ctx      context.Context //nolint:containedctx // as testing.T has one
	cleanups []func()
	errs     []error
}

// fatal ends a run by way of a panic.
type fatal struct{}

// run runs f and then, last first, what it wants cleaned up.
func run(ctx context.Context, name string, f func(*T)) error {
	t := &T{name: name, ctx: ctx}
	t.guard(func() { f(t) })
	for len(t.cleanups) > 0 {
		last := t.cleanups[len(t.cleanups)-1]
		t.cleanups = slices.Delete(t.cleanups, len(t.cleanups)-1, len(t.cleanups))
		t.guard(last)
	}
	return errors.Join(t.errs...)
}

func (t *T) guard(f func()) {
	defer func() {
		if p := recover(); p != nil && p != any(fatal{}) {
			panic(p)
		}
	}()
	f()
}

// Name is the bench's.
func (t *T) Name() string { return t.name }

// Helper does nothing.
func (t *T) Helper() {}

// Context ends when the user interrupts.
func (t *T) Context() context.Context { return t.ctx }

// Failed tells whether Error or Fatal was called.
func (t *T) Failed() bool { return len(t.errs) > 0 }

// Cleanup has f called at the end.
func (t *T) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

// TempDir is a new folder until the end.
func (t *T) TempDir() string {
	dir, err := os.MkdirTemp("", "lull-bench-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// Log tells the person who waits.
func (t *T) Log(args ...any) { fmt.Fprintln(os.Stderr, args...) }

// Logf is Log with a format.
func (t *T) Logf(format string, args ...any) { t.Log(fmt.Sprintf(format, args...)) }

// Error notes a failure.
func (t *T) Error(args ...any) { t.errs = append(t.errs, errors.New(fmt.Sprint(args...))) }

// Errorf is Error with a format.
func (t *T) Errorf(format string, args ...any) { t.Error(fmt.Sprintf(format, args...)) }

// Fatal notes a failure and ends the run.
func (t *T) Fatal(args ...any) {
	t.Error(args...)
	panic(fatal{})
}

// Fatalf is Fatal with a format.
func (t *T) Fatalf(format string, args ...any) { t.Fatal(fmt.Sprintf(format, args...)) }

// Skip is a failure: who asks for a measurement wants it.
func (t *T) Skip(args ...any) { t.Fatal(args...) }
