// Package refusal is how drivers make refusals of the errors of their
// libraries: a class, one line, and a remedy.
package refusal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/lull-containers/lull/quiesce"
)

// Caused is a class of refusal that remembers the error below it, the server's
// own for example. Either may be nil.
func Caused(class, cause error) error { return caused{class, cause} }

type caused struct{ class, cause error }

func (c caused) Error() string { return c.class.Error() }

func (c caused) Unwrap() []error {
	return slices.DeleteFunc([]error{c.class, c.cause}, func(err error) bool { return err == nil })
}

// Broke is the refusal of a server whose connection ended while something was
// done. Errors of the driver's own are told in their own words.
func Broke(server, doing string, err error, own ...error) error {
	return &quiesce.Refusal{
		Class:  Caused(quiesce.ErrNotReady, err),
		What:   server + " broke off while " + doing + ": " + OneLine(err, own...),
		Remedy: "see its log",
	}
}

// OutOfTime is nil unless ctx has ended, or a connection ran out of the time
// that ctx gives, which it may notice a moment before ctx does.
func OutOfTime(ctx context.Context, doing string, err error) error {
	spent := ctx.Err()
	if spent == nil && atDeadline(ctx, err) {
		spent = context.DeadlineExceeded
	}
	if spent == nil {
		return nil
	}
	return fmt.Errorf("no time left while %s: %w", doing, spent)
}

func atDeadline(ctx context.Context, err error) bool {
	deadline, ok := ctx.Deadline()
	spent := errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
	return ok && spent && time.Until(deadline) < 100*time.Millisecond
}

// OneLine is the innermost reason of an error, without what libraries wrap
// around it.
func OneLine(err error, own ...error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	for _, o := range own {
		if errors.Is(err, o) {
			return o.Error()
		}
	}
	return strings.Join(strings.Fields(innermost(err).Error()), " ")
}

// innermost follows the first of joined errors.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if joined, ok := err.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) > 0 {
			inner = joined.Unwrap()[0]
		}
		if inner == nil {
			return err
		}
		err = inner
	}
}
