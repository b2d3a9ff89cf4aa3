package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// The SQLSTATEs that mean something to us.
const (
	cannotConnectNow     = "57P03"
	adminShutdown        = "57P01"
	crashShutdown        = "57P02"
	invalidPassword      = "28P01"
	invalidAuthorization = "28000"
	insufficientRights   = "42501"
	tooManyConnections   = "53300"
	outOfMemory          = "53200"
	invalidCatalogName   = "3D000"
	undefinedTable       = "42P01"
	undefinedSchema      = "3F000"
	lockNotAvailable     = "55P03"
	queryCanceled        = "57014"
	deadlockDetected     = "40P01"
)

// codeOf is the SQLSTATE of an error from the server, else empty.
func codeOf(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// answered is true when a PostgreSQL server said no, so that another listener
// would not say yes.
func answered(err error) bool { return codeOf(err) != "" }

func noSuchDatabase(err error) bool { return codeOf(err) == invalidCatalogName }

// explain makes a refusal of an error of the library's or the server's. The
// text has the server's own message and never the library's, which repeats
// how it was called.
func explain(err error, doing string) error {
	var known *quiesce.Refusal
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.As(err, &pg):
		return explainServer(pg, doing)
	case wait.Spent(err):
		return fmt.Errorf("no time left while %s: %w", doing, err)
	}
	return refusal.Broke("PostgreSQL", doing, err, errNotPostgres)
}

func explainServer(pg *pgconn.PgError, doing string) error {
	remedy, class := meaning(pg.Code)
	return &quiesce.Refusal{
		Class:  refusal.Caused(class, pg),
		What:   fmt.Sprintf("PostgreSQL refused while %s: %s (SQLSTATE %s)", doing, pg.Message, pg.Code),
		Remedy: remedy,
	}
}

// meaning is the remedy and the class of a SQLSTATE.
func meaning(code string) (remedy string, class error) {
	switch code {
	case cannotConnectNow, adminShutdown, crashShutdown:
		return "wait until it accepts connections", quiesce.ErrNotReady
	case invalidPassword, invalidAuthorization:
		return "give the right account with the labels lull/user and lull/password-env or lull/password-file", quiesce.ErrAuth
	case insufficientRights:
		return "connect as a superuser with the label lull/user", quiesce.ErrPrivilege
	case tooManyConnections:
		return "close a connection, or raise max_connections", quiesce.ErrBusy
	}
	return "see its log", quiesce.ErrUnsupported
}

// oneLine is the innermost reason of a broken connection.
func oneLine(err error) string { return refusal.OneLine(err, errNotPostgres) }
