package postgres_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/postgres"
	"github.com/lull-containers/lull/quiesce/quiescetest"
)

// canary is searched for in everything that a driver says.
const canary = "canary-Tr0ub4dor"

// installations are the folders with a postgres to test: the one that
// LULL_TEST_POSTGRES_BIN names, else Debian's.
func installations(t *testing.T) []string {
	t.Helper()
	if bin := os.Getenv("LULL_TEST_POSTGRES_BIN"); bin != "" {
		return filepath.SplitList(bin)
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	must(t, err)
	found = slices.DeleteFunc(found, func(bin string) bool {
		_, err := os.Stat(filepath.Join(bin, "initdb"))
		return err != nil
	})
	if len(found) == 0 {
		t.Skip("no PostgreSQL server here: install Debian's postgresql, or set LULL_TEST_POSTGRES_BIN to a folder with initdb and postgres")
	}
	return found
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type harness struct{ bin string }

func (harness) Driver() quiesce.Driver { return postgres.Driver{} }

func (h harness) Start(t *testing.T) quiescetest.Server {
	s := h.create(t)
	s.start(t)
	s.exec(t, "CREATE TABLE counted (n serial PRIMARY KEY)")
	return s
}

// Starting is a standby that accepts nobody.
func (h harness) Starting(t *testing.T) quiesce.Target {
	s := h.create(t)
	must(t, os.WriteFile(filepath.Join(s.data, "standby.signal"), nil, 0o644))
	s.launch(t, "-c", "hot_standby=off")
	s.await(t, func(err error) bool { return code(err) == "57P03" })
	return s.Target()
}

// server is one postgres, running as nobody when the test is root.
type server struct {
	harness
	folder, data string
	port         uint16
	options      []string
	process      *exec.Cmd
}

func (h harness) create(t *testing.T) *server {
	t.Helper()
	s := h.place(t)
	password := filepath.Join(s.folder, "password")
	must(t, os.WriteFile(password, []byte(canary), 0o644))
	out, err := s.command("initdb", "-D", s.data, "-U", "postgres", "-A", "scram-sha-256",
		"--pwfile", password, "-E", "UTF8", "--locale=C", "-N").CombinedOutput()
	if err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	return s
}

// place is a server without files.
func (h harness) place(t *testing.T) *server {
	t.Helper()
	folder := quiescetest.Folder(t)
	if os.Geteuid() == 0 {
		must(t, os.Chown(folder, nobody, nobody))
	}
	s := &server{harness: h, folder: folder, data: filepath.Join(folder, "data"), port: freePort(t)}
	t.Cleanup(func() { s.stop(t, syscall.SIGQUIT) }) // before the folder goes
	return s
}

const nobody = 65534

func (s *server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return cmd
}

func freePort(t *testing.T) uint16 {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String()).Port()
}

func (s *server) start(t *testing.T, options ...string) {
	t.Helper()
	s.launch(t, options...)
	s.await(t, func(err error) bool { return err == nil })
}

func (s *server) launch(t *testing.T, options ...string) {
	t.Helper()
	s.options = options
	s.process = s.command("postgres", append([]string{
		"-D", s.data, "-h", "127.0.0.1", "-p", fmt.Sprint(s.port), "-k", "",
		"-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=30",
		"-c", "max_prepared_transactions=4", "-c", "autovacuum=off", "-c", "log_min_messages=warning",
	}, options...)...)
	log, err := os.OpenFile(filepath.Join(s.folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	must(t, err)
	defer log.Close()
	s.process.Stdout, s.process.Stderr = log, log
	must(t, s.process.Start())
}

func (s *server) stop(t *testing.T, how os.Signal) {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Signal(how)
	_ = s.process.Wait() // its exit status says nothing that the test does not see
	s.process = nil
	if t.Failed() {
		log, err := os.ReadFile(filepath.Join(s.folder, "log"))
		t.Logf("log of the server on port %d, %v:\n%s", s.port, err, bytes.TrimSpace(log))
	}
}

// await waits until the answer to a connection is as wanted.
func (s *server) await(t *testing.T, wanted func(error) bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		conn, err := s.connect("harness")
		if err == nil {
			_ = conn.Close(context.Background())
		}
		if wanted(err) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the server on port %d did not come up: %v", s.port, err)
		}
	}
}

func (s *server) connect(application string) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return pgx.Connect(ctx, fmt.Sprintf("host=127.0.0.1 port=%d user=postgres password=%s dbname=postgres sslmode=prefer application_name=%s",
		s.port, canary, application))
}

func (s *server) Target() quiesce.Target {
	return quiesce.Target{
		Engine:    quiesce.Postgres,
		Listeners: []netip.AddrPort{netip.AddrPortFrom(netip.IPv4Unspecified(), s.port)},
		Env:       map[string]string{"POSTGRES_PASSWORD": canary},
	}
}

// Crash ends the server without a checkpoint: the next start recovers.
func (s *server) Crash(t *testing.T) {
	s.stop(t, syscall.SIGQUIT)
	s.start(t, s.options...)
}

func (s *server) Copy(t *testing.T) quiescetest.Server {
	s.stop(t, syscall.SIGINT)
	c := s.place(t)
	if out, err := exec.Command("cp", "-a", s.data, c.data).CombinedOutput(); err != nil {
		t.Fatalf("copy: %v\n%s", err, out)
	}
	s.start(t, s.options...)
	c.start(t, s.options...)
	return c
}

// exec runs statements one by one, outside of a transaction.
func (s *server) exec(t *testing.T, statements ...string) {
	t.Helper()
	conn, err := s.connect("harness")
	must(t, err)
	defer conn.Close(context.Background())
	for _, sql := range statements {
		_, err := conn.Exec(context.Background(), sql)
		must(t, err)
	}
}

// texts is a query of one column of text.
func (s *server) texts(t *testing.T, sql string) []string {
	t.Helper()
	conn, err := s.connect("harness")
	must(t, err)
	defer conn.Close(context.Background())
	rows, err := conn.Query(context.Background(), sql)
	must(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	return all
}

func (s *server) Waiting(t *testing.T) int {
	return len(s.texts(t, `SELECT pid::text FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'application'`))
}

func (s *server) Residue(t *testing.T) []string {
	return s.texts(t, `SELECT format('%s: %s, %s', a.pid, a.state, l.mode) FROM pg_stat_activity a
		LEFT JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'relation' AND l.mode = 'ShareLock' WHERE a.application_name = 'lull'`)
}

func (s *server) Settings(t *testing.T) string {
	auto, err := os.ReadFile(filepath.Join(s.data, "postgresql.auto.conf"))
	must(t, err)
	set := s.texts(t, `SELECT format('%s=%s (%s)', name, setting, source) FROM pg_settings WHERE source NOT IN ('default', 'client', 'session')
		UNION ALL SELECT format('role %s, database %s: %s', setrole, setdatabase, setconfig) FROM pg_db_role_setting ORDER BY 1`)
	return string(auto) + strings.Join(set, "\n")
}

func (s *server) Flushed(t *testing.T) string {
	return cmp.Or(s.texts(t, `SELECT checkpoint_lsn::text FROM pg_control_checkpoint()`)...)
}
