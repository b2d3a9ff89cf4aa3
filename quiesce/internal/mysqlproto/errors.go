package mysqlproto

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// The server's error numbers that mean something to us.
const (
	tooManyConnections = 1040
	databaseDenied     = 1044
	accessDenied       = 1045
	unknownDatabase    = 1049
	shuttingDown       = 1053
	unknownThread      = 1094
	notOwner           = 1095
	hostDenied         = 1130
	tableDenied        = 1142
	columnDenied       = 1143
	unknownTable       = 1146
	userConnections    = 1203
	lockWaitTimeout    = 1205
	deadlock           = 1213
	privilegeMissing   = 1227
	readOnly           = 1290 // the server, or another of its options
	interrupted        = 1317
	statementTimeout   = 1969
	queryTimeout       = 3024
	accessDeniedNoPass = 1698
	passwordMustChange = 1820
	passwordExpired    = 1862
	accountLocked      = 3118
	accountLockedMaria = 4151
)

// codeOf is the server's error number, else 0.
func codeOf(err error) uint16 {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}

// explain makes a refusal of an error of the library's or the server's.
func (s *Session) explain(err error, doing string) error {
	var known *quiesce.Refusal
	var server *mysql.MySQLError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.As(err, &server):
		return s.explainServer(server, doing)
	case wait.Spent(err):
		return fmt.Errorf("no time left while %s: %w", doing, err)
	}
	return refusal.Broke(s.engine.Product(), doing, err)
}

func (s *Session) explainServer(e *mysql.MySQLError, doing string) error {
	remedy, class := s.meaning(e.Number)
	return &quiesce.Refusal{
		Class:  refusal.Caused(class, e),
		What:   fmt.Sprintf("%s refused while %s: %s (error %d)", s.engine.Product(), doing, strings.Join(strings.Fields(e.Message), " "), e.Number),
		Remedy: remedy,
	}
}

// meaning is the remedy and the class of an error number.
func (s *Session) meaning(code uint16) (remedy string, class error) {
	switch code {
	case shuttingDown:
		return "wait until it accepts connections", quiesce.ErrNotReady
	case accessDenied:
		return s.passwordRemedy(), quiesce.ErrAuth
	case accessDeniedNoPass, hostDenied, passwordExpired, passwordMustChange, accountLocked, accountLockedMaria:
		return "give the right account with the labels lull/user and lull/password-env or lull/password-file", quiesce.ErrAuth
	case databaseDenied, tableDenied, columnDenied, privilegeMissing, notOwner:
		return s.grant(s.engine.Privileges()), quiesce.ErrPrivilege
	case tooManyConnections, userConnections:
		return "close a connection, or raise max_connections", quiesce.ErrBusy
	}
	return "see its log", quiesce.ErrUnsupported
}

// passwordRemedy says more of a password that comes from a variable: the image
// reads it once, when it makes the database.
func (s *Session) passwordRemedy() string {
	const present = "give the right account with the labels lull/user and lull/password-env or lull/password-file"
	if s.login.from == "" {
		return present
	}
	return fmt.Sprintf("%s counted when the database was made and is not the password of %s now: set it again with ALTER USER, or %s",
		s.login.from, quote(s.login.user), present)
}

// unusable is true for an account that no other attempt would make usable.
func unusable(err error) bool {
	for _, e := range []error{mysql.ErrNativePassword, mysql.ErrOldPassword, mysql.ErrCleartextPassword, mysql.ErrUnknownPlugin} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// ReadOnly is true when an error is that the server is read-only.
func ReadOnly(err error) bool { return codeOf(err) == readOnly }

// LockTimeout is true when an error is that a lock was not had in time.
func LockTimeout(err error) bool { return codeOf(err) == lockWaitTimeout }
