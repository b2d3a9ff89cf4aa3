package refusal_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
)

func TestCaused(t *testing.T) {
	cause := errors.New("the server's")
	err := refusal.Caused(quiesce.ErrBusy, cause)
	if !errors.Is(err, quiesce.ErrBusy) || !errors.Is(err, cause) || err.Error() != quiesce.ErrBusy.Error() {
		t.Errorf("got %v", err)
	}
	if err := refusal.Caused(quiesce.ErrBusy, nil); !errors.Is(err, quiesce.ErrBusy) || errors.Is(err, cause) {
		t.Errorf("without a cause: %v", err)
	}
}

func TestOneLine(t *testing.T) {
	own := errors.New("this is no such server")
	for want, err := range map[string]error{
		"connection refused":     &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		own.Error():              fmt.Errorf("%w: %w", own, errors.New("a banner")),
		"over two lines":         errors.New("over\n\ttwo lines"),
		"first":                  errors.Join(errors.New("first"), errors.New("second")),
		"the innermost of three": fmt.Errorf("a: %w", fmt.Errorf("b: %w", errors.New("the innermost of three"))),
	} {
		if got := refusal.OneLine(err, own); got != want {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
}

func TestOutOfTime(t *testing.T) {
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	later, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		ctx  context.Context
		err  error
		want error
	}{
		"a connection a moment earlier": {soon, os.ErrDeadlineExceeded, context.DeadlineExceeded},
		"a limit of the connection":     {later, os.ErrDeadlineExceeded, nil},
		"something else":                {soon, syscall.EPIPE, nil},
		"cancelled":                     {ended, syscall.EPIPE, context.Canceled},
		"no limit":                      {t.Context(), os.ErrDeadlineExceeded, nil},
	} {
		if got := refusal.OutOfTime(tt.ctx, "asking", tt.err); !errors.Is(got, tt.want) || tt.want == nil && got != nil {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}
