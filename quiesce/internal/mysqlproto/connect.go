package mysqlproto

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
)

// connectTimeout bounds one attempt at one listener. A server that still
// starts up may let the kernel accept and say nothing.
const connectTimeout = 3 * time.Second

// connect opens the main connection and reads what every other call wants to
// know of the server.
func (s *Session) connect(ctx context.Context) (err error) {
	if s.main, err = s.open(ctx, mainTimeout); err != nil {
		s.main = nil
		return err
	}
	if err := s.greet(); err != nil {
		s.hangUp()
		return err
	}
	return nil
}

// open connects at the first listener that speaks the protocol. The server ends
// the connection when it is idle for so long. The error is a refusal.
func (s *Session) open(ctx context.Context, idle time.Duration) (*conn, error) {
	var failed error
	for _, address := range s.dialer.Addresses(s.login.port) {
		doing := "connecting to " + address.String()
		c, err := s.openAt(ctx, address, idle)
		if err == nil {
			return c, nil
		}
		if codeOf(err) != 0 {
			return nil, s.explain(err, doing)
		}
		if spent := refusal.OutOfTime(ctx, doing, err); spent != nil {
			return nil, spent
		}
		if unusable(err) {
			return nil, &quiesce.Refusal{Class: refusal.Caused(quiesce.ErrAuth, err),
				What:   "the account cannot be used: " + refusal.OneLine(err),
				Remedy: "name another one with the label lull/user"}
		}
		failed = errors.Join(failed, fmt.Errorf("%s: %w", address, err))
	}
	return nil, s.unreachable(failed)
}

func (s *Session) openAt(ctx context.Context, address netip.AddrPort, idle time.Duration) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	c, err := open(ctx, s.dialer, address, s.login, s.resumed)
	if err != nil {
		return nil, err
	}
	if err := c.prepare(ctx, idle); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// mainTimeout is how long a main connection may be idle: longer than any
// sequence, whatever the server's own setting.
const mainTimeout = 10 * time.Minute

// prepare sets what every connection of ours needs: no wait for a metadata
// lock without end, and the server's end of it after some time without a word.
// It learns who is connected to what.
func (c *conn) prepare(ctx context.Context, idle time.Duration) error {
	err := c.exec(ctx, fmt.Sprintf("SET SESSION autocommit=1, sql_mode='', lock_wait_timeout=1, wait_timeout=%d", int(idle.Seconds())))
	if err != nil {
		return err
	}
	all, err := c.rows(ctx, "SELECT CONNECTION_ID() AS id, VERSION() AS version, CURRENT_USER() AS account")
	if err == nil && len(all) == 1 {
		c.id, c.version, c.account = all[0]["id"], all[0]["version"], all[0]["account"]
	}
	return err
}

// unreachable is the refusal of a server that none of the listeners is.
func (s *Session) unreachable(failed error) error {
	what := "no process of the container listens on TCP"
	if failed != nil {
		what = s.engine.Product() + " does not answer: " + refusal.OneLine(first(failed))
	}
	return &quiesce.Refusal{
		Class:  refusal.Caused(quiesce.ErrNotReady, failed),
		What:   what,
		Remedy: "wait until it accepts connections, and let it listen on TCP, without skip_networking",
	}
}

// first is the error of the likeliest listener.
func first(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return first(joined.Unwrap()[0])
	}
	return err
}

// greet learns the version; another product or too old a one is refused.
func (s *Session) greet() error {
	s.version, s.account = s.main.version, quoteAccount(s.main.account)
	s.number = parseVersion(s.version)
	product := quiesce.MySQL
	if strings.Contains(s.version, "MariaDB") {
		product = quiesce.MariaDB
	}
	switch {
	case product != s.engine.Name():
		return &quiesce.Refusal{Class: quiesce.ErrUnsupported,
			What:   fmt.Sprintf("the server says that it is %s %s, not %s", product, s.version, s.engine.Name()),
			Remedy: "set the label lull/engine=" + product}
	case s.number < s.engine.Oldest():
		return &quiesce.Refusal{Class: quiesce.ErrUnsupported,
			What:   fmt.Sprintf("%s %s is older than %s", s.engine.Product(), s.version, formatVersion(s.engine.Oldest())),
			Remedy: "upgrade it, or switch lull off with the label lull/engine=none"}
	}
	return nil
}

// parseVersion makes 80036 of 8.0.36-28 and 0 of what is no version.
func parseVersion(text string) int {
	var major, minor, patch int
	if n, _ := fmt.Sscanf(text, "%d.%d.%d", &major, &minor, &patch); n < 2 {
		return 0
	}
	return major*10000 + minor*100 + patch
}

func formatVersion(n int) string { return fmt.Sprintf("%d.%d", n/10000, n/100%100) }

// quoteAccount makes 'user'@'host' of user@host.
func quoteAccount(text string) string {
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return quote(text)
	}
	return quote(text[:at]) + "@" + quote(text[at+1:])
}

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
