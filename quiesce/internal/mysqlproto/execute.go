package mysqlproto

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"

	"github.com/lull-containers/lull/quiesce"
)

var _ quiesce.Executor = (*Session)(nil)

// Execute runs statements of the user's.
func (s *Session) Execute(ctx context.Context, statements string) error {
	for i, one := range quiesce.Statements(statements) {
		c, err := s.conn(ctx)
		if err != nil {
			return err
		}
		err = c.exec(ctx, one)
		var server *mysql.MySQLError
		if errors.As(err, &server) { // its words may repeat the statement's
			return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: fmt.Sprintf("statement %d was refused: error %d", i+1, server.Number),
				Remedy: "try it in a client on a clone"}
		}
		if err != nil {
			return s.explain(err, fmt.Sprintf("running statement %d", i+1))
		}
	}
	return nil
}
