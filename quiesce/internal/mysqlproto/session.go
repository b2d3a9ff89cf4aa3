package mysqlproto

import (
	"context"
	"crypto/tls"
	"errors"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/dial"
)

// Session is one conversation. It is not safe for concurrent use.
type Session struct {
	engine  Engine
	login   login
	dialer  dial.Dialer
	resumed tls.ClientSessionCache
	main    *conn
	closed  bool

	number  int    // 80036 for 8.0.36
	version string // for people
	account string // user and host that the server took us for, quoted

	fence *fence
}

var _ quiesce.Session = (*Session)(nil)

// Open connects to the first listener that speaks the protocol. It fails with
// ErrNotReady, ErrAuth, ErrBusy (no connection left) or ErrUnsupported.
func Open(ctx context.Context, e Engine, t quiesce.Target) (*Session, error) {
	s := &Session{engine: e, login: loginOf(t), dialer: dial.To(t), resumed: tls.NewLRUClientSessionCache(1)}
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Number is the server's version as a number: 80036 for 8.0.36.
func (s *Session) Number() int { return s.number }

// Fenced tells whether the session has a fence.
func (s *Session) Fenced() bool { return s.fence != nil }

// Close ends every connection. The fence falls with them.
func (s *Session) Close() error {
	s.closed = true
	s.unfence()
	s.hangUp()
	return nil
}

func (s *Session) hangUp() {
	if s.main != nil {
		s.main.close()
		s.main = nil
	}
}

// conn is the main connection. One that broke, because the server restarted
// or a call ran out of time in a query, is replaced.
func (s *Session) conn(ctx context.Context) (*conn, error) {
	switch {
	case s.closed:
		return nil, errors.New("the session is closed")
	case s.main != nil && !s.main.broken:
		return s.main, nil
	}
	s.hangUp()
	err := s.connect(ctx)
	return s.main, err
}

// Exec runs a statement on the main connection; doing is for people.
func (s *Session) Exec(ctx context.Context, doing, statement string, args ...any) error {
	c, err := s.conn(ctx)
	if err != nil {
		return err
	}
	return s.explain(c.exec(ctx, statement, args...), doing)
}

// Rows is the whole answer to a query on the main connection.
func (s *Session) Rows(ctx context.Context, doing, query string, args ...any) ([]Row, error) {
	c, err := s.conn(ctx)
	if err != nil {
		return nil, err
	}
	all, err := c.rows(ctx, query, args...)
	return all, s.explain(err, doing)
}

// Row is the first row of an answer, empty without any.
func (s *Session) Row(ctx context.Context, doing, query string, args ...any) (Row, error) {
	all, err := s.Rows(ctx, doing, query, args...)
	if err != nil || len(all) == 0 {
		return Row{}, err
	}
	return all[0], nil
}

// Variables are global variables by name; those that the server does not have
// are left out.
func (s *Session) Variables(ctx context.Context, names ...string) (map[string]string, error) {
	return s.show(ctx, "VARIABLES", names)
}

// Status are global status variables by name, in the server's own letters.
func (s *Session) Status(ctx context.Context, names ...string) (map[string]string, error) {
	return s.show(ctx, "STATUS", names)
}

func (s *Session) show(ctx context.Context, kind string, names []string) (map[string]string, error) {
	args := make([]any, len(names))
	for i, n := range names {
		args[i] = n
	}
	all, err := s.Rows(ctx, "asking for "+names[0], "SHOW GLOBAL "+kind+" WHERE Variable_name IN ("+marks(len(names))+")", args...)
	if err != nil {
		return nil, err
	}
	found := make(map[string]string, len(all))
	for _, r := range all {
		found[r["variable_name"]] = r["value"]
	}
	return found, nil
}

// marks are n placeholders.
func marks(n int) string {
	b := make([]byte, 0, 2*n)
	for range n {
		b = append(b, '?', ',')
	}
	return string(b[:2*n-1])
}
