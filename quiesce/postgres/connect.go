package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
)

// applicationName is how our sessions are known in pg_stat_activity.
const applicationName = "lull"

// connectTimeout bounds one attempt at one listener.
const connectTimeout = 3 * time.Second

// open connects to one database, at the first listener that speaks
// PostgreSQL. The error is a refusal.
func (s *session) open(ctx context.Context, database string) (*pgx.Conn, error) {
	var failed error
	for _, address := range s.dialer.Addresses(s.login.port) {
		doing := "connecting to " + address.String()
		conn, err := s.openAt(ctx, address, database)
		if err == nil || answered(err) {
			return conn, s.denied(explain(err, doing))
		}
		if spent := refusal.OutOfTime(ctx, doing, err); spent != nil {
			return nil, spent
		}
		failed = errors.Join(failed, fmt.Errorf("%s: %w", address, err))
	}
	return nil, unreachable(failed)
}

// denied says more of a password that comes from a variable: the image reads it
// once, when it makes the database.
func (s *session) denied(err error) error {
	var r *quiesce.Refusal
	if codeOf(err) != invalidPassword || s.login.from == "" || !errors.As(err, &r) {
		return err
	}
	told := *r
	told.Remedy = fmt.Sprintf("%s counted when the database was made and is not its password now: "+
		"set it again with ALTER ROLE %s PASSWORD …, or give the present one with the label lull/password-file or lull/password-env",
		s.login.from, pgx.Identifier{s.login.user}.Sanitize())
	return &told
}

// unreachable is the refusal of a server that none of the listeners is.
func unreachable(failed error) error {
	what := "no process of the container listens on TCP"
	if failed != nil {
		what = "PostgreSQL does not answer: " + oneLine(failed)
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrNotReady,
		What:   what,
		Remedy: "wait until it accepts connections, and let listen_addresses include localhost",
	}
}

// openAt connects once, and a second time without TLS where only TLS was
// refused by pg_hba.conf.
func (s *session) openAt(ctx context.Context, address netip.AddrPort, database string) (*pgx.Conn, error) {
	conn, err := s.openOnce(ctx, address, database, encrypt)
	if codeOf(err) == invalidAuthorization {
		plain := func(_ context.Context, c net.Conn) (net.Conn, error) { return c, nil }
		if conn, err := s.openOnce(ctx, address, database, plain); err == nil {
			return conn, nil
		}
	}
	return conn, err
}

type wrap func(context.Context, net.Conn) (net.Conn, error)

func (s *session) openOnce(ctx context.Context, address netip.AddrPort, database string, w wrap) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	cfg, err := s.config(address, database)
	if err != nil {
		return nil, err
	}
	cfg.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return s.dialWrapped(ctx, address, w)
	}
	return pgx.ConnectConfig(ctx, cfg)
}

// unbounded are expressions that take away timeouts which only newer versions
// know: as parameters of the connection the others would refuse them. A
// transaction_timeout of the server's or of the account's would end the fence.
const unbounded = `CASE WHEN current_setting('idle_session_timeout', true) <> '0' THEN set_config('idle_session_timeout', '0', false) END,
	CASE WHEN current_setting('transaction_timeout', true) <> '0' THEN set_config('transaction_timeout', '0', false) END`

func (s *session) dialWrapped(ctx context.Context, address netip.AddrPort, w wrap) (net.Conn, error) {
	raw, err := s.dialer.Dial(ctx, address)
	if err != nil {
		return nil, err
	}
	conn, err := w(ctx, raw)
	if err != nil {
		raw.Close()
		return nil, err
	}
	return conn, nil
}

// config names every setting that the library would else take from the
// environment or from files.
func (s *session) config(address netip.AddrPort, database string) (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%d sslmode=disable user=postgres dbname=postgres "+
		"passfile=/dev/null target_session_attrs=any", address.Addr(), address.Port()))
	if err != nil {
		return nil, err
	}
	cfg.User, cfg.Password, cfg.Database = s.login.user, s.login.password, database
	cfg.Fallbacks = nil
	cfg.RuntimeParams = parameters()
	cfg.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	cfg.StatementCacheCapacity, cfg.DescriptionCacheCapacity = 0, 0
	return cfg, nil
}

// parameters are the settings of every session of ours: it cannot write, and
// nothing of the user's can end it or run in it.
func parameters() map[string]string {
	return map[string]string{
		"application_name":              applicationName,
		"client_encoding":               "UTF8",
		"standard_conforming_strings":   "on",
		"search_path":                   "pg_catalog",
		"default_transaction_read_only": "on",
		"default_transaction_isolation": "read committed",
		"statement_timeout":             "0",
		"lock_timeout":                  "0",

		"idle_in_transaction_session_timeout": "0",
		"jit":                                 "off",
	}
}
