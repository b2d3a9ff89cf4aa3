package redis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/lull-containers/lull/quiesce"
)

// errNotRedis says that a listener answers something else.
var errNotRedis = errors.New("the listener does not speak Redis's protocol")

// rights are what the session may have to do, in the words of an ACL.
const rights = "resetkeys resetchannels -@all +ping +info +multi +discard +client|setname +client|pause +client|unpause +config|get +bgsave"

// codeOf is the protocol's code of an error from the server, its first word in
// capitals (ERR where it has no better one); else empty.
func codeOf(err error) string {
	var answer redis.Error
	if !errors.As(err, &answer) || errors.Is(err, redis.Nil) {
		return ""
	}
	code, _, _ := strings.Cut(answer.Error(), " ")
	return code
}

// caused is a class of refusal that remembers the server's own error.
type caused struct{ class, cause error }

func (c caused) Error() string   { return c.class.Error() }
func (c caused) Unwrap() []error { return slices.DeleteFunc([]error{c.class, c.cause}, isNil) }

func isNil(err error) bool { return err == nil }

// explain makes a refusal of an error of the library's or the server's.
func (s *session) explain(ctx context.Context, err error, doing string) error {
	var known *quiesce.Refusal
	var answer redis.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case codeOf(err) != "":
		errors.As(err, &answer)
		return s.explainServer(answer, doing)
	case ctx.Err() != nil:
		return fmt.Errorf("no time left while %s: %w", doing, ctx.Err())
	case atDeadline(ctx, err):
		return fmt.Errorf("no time left while %s: %w", doing, context.DeadlineExceeded)
	}
	return &quiesce.Refusal{
		Class:  caused{quiesce.ErrNotReady, err},
		What:   s.name() + " broke off while " + doing + ": " + oneLine(err),
		Remedy: "see its log",
	}
}

// atDeadline is true when a connection ran out of the time that ctx gives,
// which it may notice a moment before ctx does.
func atDeadline(ctx context.Context, err error) bool {
	deadline, ok := ctx.Deadline()
	return ok && errors.Is(err, os.ErrDeadlineExceeded) && time.Until(deadline) < 100*time.Millisecond
}

func (s *session) explainServer(answer redis.Error, doing string) error {
	remedy, class := s.meaning(codeOf(answer))
	return &quiesce.Refusal{
		Class:  caused{class, answer},
		What:   fmt.Sprintf("%s refused while %s: %s", s.name(), doing, strings.Join(strings.Fields(answer.Error()), " ")),
		Remedy: remedy,
	}
}

// meaning is the remedy and the class of a code of the protocol.
func (s *session) meaning(code string) (remedy string, class error) {
	switch code {
	case "LOADING", "MASTERDOWN":
		return "wait until it accepts commands", quiesce.ErrNotReady
	case "NOAUTH", "WRONGPASS", "DENIED":
		return s.passwordRemedy(), quiesce.ErrAuth
	case "NOPERM":
		return s.rightsRemedy(), quiesce.ErrPrivilege
	case "BUSY":
		return "let the script end, or end it with SCRIPT KILL", quiesce.ErrBusy
	}
	if s.server == nil && len(s.login.passwords) > 0 { // AUTH without a password there: ERR
		return s.passwordRemedy(), quiesce.ErrAuth
	}
	return "see its log", quiesce.ErrUnsupported
}

func (s *session) passwordRemedy() string {
	return "give the right account with the labels lull/user and lull/password-env or lull/password-file"
}

func (s *session) rightsRemedy() string {
	user := s.login.user
	if user == "" {
		user = "default"
	}
	return fmt.Sprintf("ACL SETUSER %s %s", user, strings.TrimPrefix(rights, "resetkeys resetchannels -@all "))
}

// oneLine is the innermost reason of a broken connection, without what
// libraries wrap around it.
func oneLine(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	if errors.Is(err, errNotRedis) {
		return errNotRedis.Error()
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}
