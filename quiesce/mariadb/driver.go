package mariadb

import (
	"context"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/mysqlproto"
)

// Driver opens sessions with MariaDB. The zero value is ready.
type Driver struct{}

var _ quiesce.Driver = Driver{}

// Name is "mariadb".
func (Driver) Name() string { return quiesce.MariaDB }

// Open connects to the first listener that speaks MariaDB's protocol. It
// fails with ErrNotReady, ErrAuth, ErrBusy (no connection left) or
// ErrUnsupported.
func (Driver) Open(ctx context.Context, t quiesce.Target) (quiesce.Session, error) {
	s, err := mysqlproto.Open(ctx, engine{}, t)
	if err != nil {
		return nil, err
	}
	return s, nil
}
