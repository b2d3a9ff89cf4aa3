package mongodb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/auth"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
)

// Codes of MongoDB's errors.
const (
	codeUnauthorized    = 13
	codeAuthentication  = 18
	codeLockTimeout     = 24
	codeOutOfTime       = 50
	codeCommandNotFound = 59
	codeNoReplication   = 76
	codeNotImplemented  = 238
	codeNotInitialized  = 94
)

// codeOf is the code of an error from the server; 0: it is none.
func codeOf(err error) int {
	var answer mongo.CommandError
	if errors.As(err, &answer) {
		return int(answer.Code)
	}
	var early driver.Error // of a login
	if errors.As(err, &early) {
		return int(early.Code)
	}
	return 0
}

// answered is true of an error that a server of the right kind made.
func answered(err error) bool { return codeOf(err) != 0 || refusedLogin(err) }

func refusedLogin(err error) bool {
	var failed *auth.Error
	return codeOf(err) == codeAuthentication || errors.As(err, &failed) && codeOf(err) != 0
}

// unknown is true of a command that the server does not have.
func unknown(err error) bool {
	return errors.Is(err, errUnknown) || codeOf(err) == codeCommandNotFound || codeOf(err) == codeNotImplemented
}

// standalone is true of the answer of a server that is in no replica set.
func standalone(err error) bool {
	return codeOf(err) == codeNoReplication || codeOf(err) == codeNotInitialized
}

// explain makes a refusal of an error of the library's or the server's.
func (s *session) explain(ctx context.Context, err error, doing, command string) error {
	var known *quiesce.Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case answered(err):
		return s.explainServer(err, doing, command)
	}
	return cmp.Or(refusal.OutOfTime(ctx, doing, err), refusal.Broke(s.name(), doing, err))
}

func (s *session) explainServer(err error, doing, command string) error {
	class, remedy := quiesce.ErrUnsupported, "see its log"
	what := fmt.Sprintf("%s refused while %s: %s", s.name(), doing, oneLine(err))
	switch {
	case unknown(err):
		what = fmt.Sprintf("%s %s does not have the command %s, which %s needs", s.name(), s.version(), command, doing)
		remedy = s.otherEngine()
	case refusedLogin(err):
		class, remedy = quiesce.ErrAuth, "give the right account with the labels lull/user and lull/password-env or lull/password-file; lull/database names the database that has it, if that is not admin"
	case codeOf(err) == codeUnauthorized && s.login.user == "":
		class, remedy = quiesce.ErrAuth, "name an account with the labels lull/user and lull/password-env or lull/password-file"
	case codeOf(err) == codeUnauthorized:
		class, remedy = quiesce.ErrPrivilege, s.grant()
	}
	return &quiesce.Refusal{Class: refusal.Caused(class, err), What: what, Remedy: remedy}
}

// otherEngine helps where the server only looks like a MongoDB.
func (s *session) otherEngine() string {
	if s.server.FerretDB.Version != "" {
		return "its data is in a PostgreSQL: where that runs in the same container, set the label lull/engine=postgres"
	}
	return "use lull/mode=none with lull/require=crash-consistent, or a server that has it"
}

// oneLine is the server's answer, or the innermost reason.
func oneLine(err error) string {
	var answer mongo.CommandError
	if errors.As(err, &answer) {
		return strings.Join(strings.Fields(answer.Message), " ")
	}
	return refusal.OneLine(err)
}
