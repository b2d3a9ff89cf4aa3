package diversion

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Action is one change of the host.
type Action struct {
	What string `json:"what"`
	do   func() error
	undo func() error // bears that do never happened, or half
	done func() error // when everything stands; nil: nothing
}

// Plan is what an installation, or its end, will do; an empty one has nothing
// to do. Notes say what is left alone, and why.
type Plan struct {
	Actions []Action `json:"actions"`
	Notes   []string `json:"notes,omitempty"`
}

// Empty tells whether nothing is to be changed.
func (p Plan) Empty() bool { return len(p.Actions) == 0 }

// ErrLeft is that not everything could be taken back; the text says what.
var ErrLeft = errors.New("not everything is as it was")

// Carry does everything and asks check whether it works. When anything fails
// all is as it was, an upgrade that fails leaves the old version; or the error
// is ErrLeft, too.
func (p Plan) Carry(ctx context.Context, check func(context.Context) error) error {
	for i, a := range p.Actions {
		if err := a.do(); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", a.What, err), undo(p.Actions[:i+1]))
		}
	}
	if err := check(ctx); err != nil {
		return errors.Join(err, undo(p.Actions))
	}
	var errs []error
	for _, a := range p.Actions {
		if a.done != nil {
			errs = append(errs, a.done())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return errors.Join(err, ErrLeft)
	}
	return nil
}

func undo(actions []Action) error {
	var errs []error
	for _, a := range slices.Backward(actions) {
		if a.undo == nil {
			continue
		}
		if err := a.undo(); err != nil {
			errs = append(errs, fmt.Errorf("take back %q: %w", a.What, err))
		}
	}
	if len(errs) > 0 {
		return errors.Join(append(errs, ErrLeft)...)
	}
	return nil
}
