package cleanup

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	var s Stack
	var order []string
	broken := errors.New("broken")
	undo := func(name string, err error) Undo {
		return func(ctx context.Context) error {
			order = append(order, name)
			return errors.Join(err, ctx.Err())
		}
	}
	s.Push("a", undo("a", nil))
	s.Push("b", undo("b", broken))
	s.Push("c", undo("c", nil))
	s.Forget("c")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := s.Run(ctx, time.Minute)
	if !slices.Equal(order, []string{"b", "a"}) {
		t.Errorf("order %v", order)
	}
	if !errors.Is(err, broken) || errors.Is(err, context.Canceled) {
		t.Errorf("the undo of a cancelled sequence: %v", err)
	}
	if err := s.Run(ctx, time.Minute); err != nil || len(order) != 2 {
		t.Errorf("a second run did something: %v, %v", order, err)
	}
}

func TestKeep(t *testing.T) {
	var s Stack
	s.Push("a", func(context.Context) error { return errors.New("undone") })
	s.Keep()
	if err := s.Run(context.Background(), time.Second); err != nil {
		t.Error(err)
	}
}
