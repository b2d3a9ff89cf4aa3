package sql

import (
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// kind is one product in one version.
type kind struct {
	product, version string
	args             []string // of the server, before those of a test
}

func (k kind) name() string { return k.product + k.version }

func (k kind) is(products ...string) bool {
	for _, p := range products {
		if k.product == p {
			return true
		}
	}
	return false
}

// server is one that runs, and what tests ask of any.
type server struct {
	kind
	*harness.Container
	store  ledger.Store
	volume string
	answer func(testing.TB)
	query  func(t testing.TB, q string) string // the answer's only value
}

// options are how a server is run.
type options struct {
	id, volume  string
	annotations map[string]string
	args        []string
}

func (k kind) run(t *testing.T, d *harness.Daemon, o options) *server {
	t.Helper()
	c := harness.ContainerOptions{ID: o.id, Annotations: o.annotations, Args: append(append([]string{}, k.args...), o.args...)}
	if k.is("redis", "valkey") {
		r := d.Redis(t, harness.RedisOptions{Engine: k.product, Version: k.version, Volume: o.volume, ContainerOptions: c})
		ask := func(t testing.TB, q string) string { return r.Query(t, words(q)...) }
		return &server{k, r.Container, r.Store(), r.Volume, r.WaitAnswer, ask}
	}
	if len(c.Args) > 0 { // they take the place of the image's own
		c.Args = append([]string{"docker-entrypoint.sh", map[string]string{"postgres": "postgres", "mysql": "mysqld", "mariadb": "mariadbd"}[k.product]}, c.Args...)
	}
	if k.is("postgres") {
		p := d.Postgres(t, harness.PostgresOptions{Version: k.version, Volume: o.volume, ContainerOptions: c})
		ask := func(t testing.TB, q string) string {
			if !strings.HasPrefix(q, "SELECT") {
				p.Exec(t, q) // it has no answer
				return ""
			}
			return p.Query(t, q)
		}
		return &server{k, p.Container, p.Store(), p.Volume, p.WaitAnswer, ask}
	}
	m := d.MySQL(t, harness.MySQLOptions{Engine: k.product, Version: k.version, Volume: o.volume, ContainerOptions: c})
	return &server{k, m.Container, m.Store(), m.Volume, m.WaitAnswer, func(t testing.TB, q string) string { return m.Query(t, q) }}
}

func words(command string) (all []any) {
	for w := range strings.FieldsSeq(command) {
		all = append(all, w)
	}
	return all
}

// unlocked looks for whatever a checkpoint may have left in the server, by what
// it keeps others from.
func (s *server) unlocked(t *testing.T) {
	t.Helper()
	switch {
	case s.is("redis", "valkey"):
		s.query(t, "SET unlocked yes")
	case s.is("postgres"):
		harness.Eventually(t, "no session of lull's is left", func() bool {
			return s.query(t, `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lull'`) == "0"
		})
	default:
		harness.Eventually(t, "no fence of lull's is left", func() bool {
			return s.query(t, `SELECT IS_USED_LOCK('lull.fence') IS NULL`) == "1"
		})
		for _, q := range []string{`CREATE TABLE IF NOT EXISTS ledger.unlocked (n int)`, `DROP TABLE ledger.unlocked`} {
			s.query(t, q) // needs every lock that a fence has
		}
		if pct := s.query(t, `SELECT FLOOR(@@GLOBAL.innodb_max_dirty_pages_pct)`); pct != "90" {
			t.Errorf("innodb_max_dirty_pages_pct is %s, not 90", pct)
		}
	}
}

// patient are annotations that a loaded machine cannot make fail.
func patient(pairs ...string) map[string]string {
	m := map[string]string{"lull/pause-budget": "2m", "lull/max-frozen": "5m", "lull/restore-deadline": "5m"}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

// trickle is a load that leaves the machine to what is tested.
func trickle() ledger.Load {
	return ledger.Load{Clients: 3, Pause: 10 * time.Millisecond, Timeout: 5 * time.Minute}
}

// checkpoint takes a sealed one into a folder and leaves the server running.
func (s *server) checkpoint(t *testing.T) *manifest.Manifest {
	t.Helper()
	dir := t.TempDir()
	s.Daemon.Ctr(t, "tasks", "checkpoint", "--image-path", dir, s.ID)
	m, err := manifest.Verify(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// refused takes a checkpoint that must fail with these words.
func (s *server) refused(t *testing.T, words ...string) {
	t.Helper()
	o := s.Daemon.TryCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), s.ID)
	mustRefuse(t, o, words...)
}

func mustRefuse(t *testing.T, o harness.Output, words ...string) {
	t.Helper()
	if o.Code == 0 {
		t.Errorf("it succeeded: %s", o)
	}
	for _, w := range words {
		if !strings.Contains(o.Stderr, w) {
			t.Errorf("no %q in: %s", w, o)
		}
	}
}
