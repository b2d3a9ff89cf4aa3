// Package cleanup keeps the undos of what a sequence acquired.
package cleanup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Undo takes one thing back.
type Undo func(context.Context) error

// Stack is a list of undos. The zero value is empty and ready. It is not
// safe for concurrent use.
type Stack struct{ undos []named }

type named struct {
	what string
	undo Undo
}

// Push adds an undo; what completes the sentence "undo of …: error". Push
// before acting, and let the undo bear that the act never happened.
func (s *Stack) Push(what string, u Undo) { s.undos = append(s.undos, named{what, u}) }

// Run undoes everything, last first, each on a context that outlives ctx by
// timeout, and joins their errors. The stack is empty afterwards.
func (s *Stack) Run(ctx context.Context, timeout time.Duration) error {
	var errs []error
	for len(s.undos) > 0 {
		last := s.undos[len(s.undos)-1]
		s.undos = s.undos[:len(s.undos)-1]
		if err := last.run(ctx, timeout); err != nil {
			errs = append(errs, fmt.Errorf("undo of %s: %w", last.what, err))
		}
	}
	return errors.Join(errs...)
}

// Forget drops the undo of what: somebody else has done it.
func (s *Stack) Forget(what string) {
	s.undos = slices.DeleteFunc(s.undos, func(n named) bool { return n.what == what })
}

// Keep forgets all undos: what was acquired stays.
func (s *Stack) Keep() { s.undos = nil }

func (n named) run(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	return n.undo(ctx)
}
