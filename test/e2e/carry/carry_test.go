package carry

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// database is one that is carried, and one that came.
type database struct {
	*harness.Container
	store ledger.Store
	data  string // folder in the container
	wait  func(testing.TB)
	// as gives the one in another container.
	as func(*harness.Container) database
}

func postgres(t *testing.T, d *harness.Daemon) database {
	return ofPostgres(d.Postgres(t, harness.PostgresOptions{}))
}

func ofPostgres(p *harness.Postgres) database {
	return database{p.Container, p.Store(), "/var/lib/postgresql/data", p.WaitAnswer,
		func(c *harness.Container) database { return ofPostgres(c.AsPostgres()) }}
}

func redis(t *testing.T, d *harness.Daemon) database {
	return ofRedis(d.Redis(t, harness.RedisOptions{Version: "8.0",
		ContainerOptions: harness.ContainerOptions{Args: []string{"--appendonly", "yes"}}}))
}

func ofRedis(r *harness.Redis) database {
	return database{r.Container, r.Store(), "/data", r.WaitAnswer,
		func(c *harness.Container) database { return ofRedis(c.AsRedis("redis")) }}
}

func mysql(t *testing.T, d *harness.Daemon) database {
	return ofMySQL(d.MySQL(t, harness.MySQLOptions{Version: "9.7"}))
}

func ofMySQL(m *harness.MySQL) database {
	return database{m.Container, m.Store(), "/var/lib/mysql", m.WaitAnswer,
		func(c *harness.Container) database { return ofMySQL(c.AsMySQL("mysql")) }}
}

// A database under load is checkpointed and goes on; the checkpoint is carried
// to another machine, with which nothing is shared but the artifact, and comes
// back there as it was at the cut.
func TestCarry(t *testing.T) {
	for name, c := range map[string]struct {
		run    func(*testing.T, *harness.Daemon) database
		layout bool
		full   bool
	}{
		"postgres/registry": {run: postgres},
		"redis/layout":      {run: redis, layout: true},
		"postgres/layout":   {run: postgres, layout: true, full: true},
		"redis/registry":    {run: redis, full: true},
		"mysql/registry":    {run: mysql, full: true},
		"mysql/layout":      {run: mysql, layout: true, full: true},
	} {
		t.Run(name, func(t *testing.T) {
			if c.full {
				harness.Full(t)
			}
			carry(t, c.run, c.layout)
		})
	}
}

func carry(t *testing.T, run func(*testing.T, *harness.Daemon) database, layout bool) {
	here := harness.Shared(t)
	db := run(t, here)
	l := harness.LoadOn(t, db.store, ledger.Load{Clients: 3, Pause: 5 * time.Millisecond})
	l.Wait(t, 20)
	ref := harness.Name(t, "cp") + ":latest"
	start, end := l.Cut(func() { here.Lull(t, "checkpoint", db.ID, ref) })
	l.Wait(t, 5)
	l.Stop()

	there := harness.Machine(t)
	push, pull := places(t, layout, there.Network)
	recipient, key := keys(t)
	pushed := answer(t, here.Lull(t, "push", "--json", "--recipient", recipient, ref, push))
	db.Kill(t)
	db.Remove(t)
	here.Lull(t, "rm", ref)
	if !pushed.Encrypted {
		t.Errorf("%+v", pushed)
	}
	pulled := answer(t, inside(t, there, "pull", "--json", "--identity", key, pull))
	if pulled.Ref != ref || pulled.ID != pushed.ID || pulled.Digest != pushed.Digest {
		t.Errorf("pushed %+v, pulled %+v", pushed, pulled)
	}
	there.Lull(t, "verify", ref)

	came := db.as(there.Container(t, db.ID))
	folder := filepath.Join(there.Data, "volumes", "new")
	there.Lull(t, "restore", "--volume", db.data+"="+folder, ref)
	came.wait(t)
	t.Logf("%s", l.CheckOn(t, came.store, ledger.AtCut(start, end)))
	if _, err := os.Stat(filepath.Join(folder)); err != nil {
		t.Error(err)
	}
}

// inside runs lull on a machine, in its network.
func inside(t *testing.T, d *harness.Daemon, args ...string) string {
	t.Helper()
	var o harness.Output
	err := netns.Do(d.Network, func() error {
		o = d.TryLull(t, args...)
		return nil
	})
	if err != nil || o.Code != 0 {
		t.Fatal(err, o)
	}
	return strings.TrimSpace(o.Stdout)
}

// places are the one where it is pushed, and the same one as the other machine
// sees it.
func places(t *testing.T, layout bool, network string) (push, pull string) {
	t.Helper()
	if layout {
		at := "oci:" + filepath.Join(t.TempDir(), "layout") + ":monday"
		return at, at
	}
	at := serve(t, newRegistry(t), nil, "", network)
	return at[0] + "/backups/db:monday", at[1] + "/backups/db:monday"
}

type carried struct {
	Ref, ID, Digest string
	Encrypted       bool
	Reused          int64 `json:"reused_chunks"`
	Chunks          int
}

func answer(t *testing.T, text string) (c carried) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return c
}
