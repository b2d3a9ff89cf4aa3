package mongodb

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/dial"
)

// closeTimeout bounds the goodbye.
const closeTimeout = 2 * time.Second

var errClosed = errors.New("the session is closed")

// session is one conversation. It is not safe for concurrent use, its fence
// excepted, which ends by itself.
type session struct {
	login  login
	dialer dial.Dialer
	client *mongo.Client // nil: closed, or not open yet
	hello  hello
	server buildInfo
	fence  *fence

	labels   map[string]string // lull/… of the container
	database string            // of questions that name none; empty: there is none
}

var _ quiesce.Session = (*session)(nil)

// name is the server's, for people.
func (s *session) name() string {
	if s.server.FerretDB.Version != "" {
		return "FerretDB"
	}
	return "MongoDB"
}

func (s *session) version() string {
	if v := s.server.FerretDB.Version; v != "" {
		return v
	}
	return s.server.Version
}

// Close unlocks what the session has locked, and hangs up: no connection and
// no monitor is left.
func (s *session) Close() error {
	if s.client == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := s.fence.lower(ctx)
	c := s.client
	s.client = nil
	return errors.Join(err, c.Disconnect(ctx))
}
