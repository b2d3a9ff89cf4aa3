package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
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
	}
	return cmp.Or(refusal.OutOfTime(ctx, doing, err), refusal.Broke(s.name(), doing, err, errNotRedis))
}

func (s *session) explainServer(answer redis.Error, doing string) error {
	remedy, class := s.meaning(codeOf(answer))
	return &quiesce.Refusal{
		Class:  refusal.Caused(class, answer),
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

// oneLine is the innermost reason of a broken connection.
func oneLine(err error) string { return refusal.OneLine(err, errNotRedis) }
