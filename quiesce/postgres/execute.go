package postgres

import (
	"context"
	"fmt"

	"github.com/lull-containers/lull/quiesce"
)

var _ quiesce.Executor = (*session)(nil)

// Execute runs statements of the user's in the database that the login names.
func (s *session) Execute(ctx context.Context, statements string) error {
	conn, err := s.main(ctx)
	if err != nil {
		return err
	}
	// Everything else that lull does in a database reads only, and the catalogue.
	if _, err := conn.Exec(ctx, "SET default_transaction_read_only = off; SET search_path = "+usualPath); err != nil {
		return explain(err, "making the session one that writes")
	}
	for i, one := range quiesce.Statements(statements) {
		if _, err := conn.PgConn().Exec(ctx, one).ReadAll(); err != nil {
			if code := codeOf(err); code != "" { // the server's words may repeat the statement's
				return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: fmt.Sprintf("statement %d was refused: SQLSTATE %s", i+1, code),
					Remedy: "try it in psql on a clone"}
			}
			return explain(err, fmt.Sprintf("running statement %d", i+1))
		}
	}
	return nil
}
