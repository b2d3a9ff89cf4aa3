package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// ErrNoPgbench says that the machine has no pgbench.
var ErrNoPgbench = errors.New("no pgbench on PATH or in /usr/lib/postgresql; install postgresql-contrib or postgresql-client")

// Pgbench is the standard load, from PostgreSQL's own program.
type Pgbench struct {
	Server  PostgreSQL
	Program string // path, see FindPgbench
	Scale   int    // of the tables: 100,000 rows each
	Clients int
	Jobs    int // threads
}

// FindPgbench gives the newest pgbench of this machine, or ErrNoPgbench.
func FindPgbench() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if err == nil && len(found) > 0 {
		return newest(found), nil
	}
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path, nil
	}
	return "", ErrNoPgbench
}

// newest compares the version that is the path's third folder from its end.
func newest(paths []string) string {
	version := func(p string) float64 {
		v, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(filepath.Dir(p))), 64) // 0 for what is no version
		return v
	}
	best := paths[0]
	for _, p := range paths {
		if version(p) > version(best) {
			best = p
		}
	}
	return best
}

// Init makes the tables.
func (b Pgbench) Init(ctx context.Context) error {
	cmd := b.command(ctx, "-i", "-q", "-s", strconv.Itoa(b.Scale))
	var out []byte
	err := b.Server.inside(func() (err error) {
		out, err = cmd.CombinedOutput()
		return err
	})
	if err != nil {
		return fmt.Errorf("pgbench -i: %w\n%s", err, out)
	}
	return nil
}

// noticing a server's end takes seconds even where no packet tells of it: a
// dump that stops the server takes its connections away without a word.
const noticing = "keepalives_idle=2 keepalives_interval=1 keepalives_count=3 tcp_user_timeout=10000 sslmode=disable"

// command passes the password in the environment.
func (b Pgbench) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.Program, append(args, noticing)...)
	cmd.Env = append(os.Environ(),
		"PGHOST="+b.Server.Addr.Addr().String(), "PGPORT="+strconv.Itoa(int(b.Server.Addr.Port())),
		"PGUSER="+b.Server.User, "PGPASSWORD="+b.Server.Password, "PGDATABASE="+b.Server.Database)
	cmd.WaitDelay = time.Second
	return cmd
}
