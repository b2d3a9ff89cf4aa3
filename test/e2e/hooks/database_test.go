package hooks

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// container is one of any engine without a shim.
type container interface {
	start(*testing.T)
	pid(context.Context) (int, error)
	checkpoint(t *testing.T, stop bool) harness.Output
	lose(*testing.T) // end it and remove it; its volume stays
	restore(*testing.T) harness.Output
}

// server is what a database of the lab's needs from its engine.
type server struct {
	image  string
	args   []string
	env    []string
	data   string // folder in the container
	volume string // on the host
	labels map[string]string
	store  func(ledger.Inside) ledger.Store
}

// newServer is one by its kind, "redis 8.0", with its files on a volume.
func newServer(t *testing.T, h *host, kind string, labels map[string]string) server {
	t.Helper()
	engine, version, _ := strings.Cut(kind, " ")
	s := server{image: engine + ":" + version, volume: filepath.Join(h.data, harness.Name(t, "v"))}
	s.labels = map[string]string{"lull/engine": engine, "lull/pause-budget": "1m", "lull/restore-deadline": "3m", "lull/max-frozen": "5m"}
	maps.Copy(s.labels, labels)
	if err := os.MkdirAll(s.volume, 0o755); err != nil {
		t.Fatal(err)
	}
	switch engine {
	case "redis":
		s.args, s.data = []string{"redis-server", "--requirepass", harness.Canary}, "/data"
		s.store = func(in ledger.Inside) ledger.Store {
			return ledger.Redis{Addr: netip.MustParseAddrPort("127.0.0.1:6379"), Inside: in, Password: harness.Canary}.Store()
		}
	case "postgres":
		s.env, s.data = []string{"POSTGRES_PASSWORD=" + harness.Canary}, "/var/lib/postgresql/data"
		s.store = func(in ledger.Inside) ledger.Store {
			return ledger.PostgreSQL{Addr: netip.MustParseAddrPort("127.0.0.1:5432"), Inside: in,
				User: "postgres", Password: harness.Canary, Database: "postgres"}.Store()
		}
	}
	return s
}

// into is what the server changes in a spec.
func (s server) into(spec *specs.Spec) {
	if len(s.args) > 0 {
		spec.Process.Args = append(spec.Process.Args[:1], s.args...)
	}
	spec.Process.Env = append(spec.Process.Env, s.env...)
	spec.Mounts = append(spec.Mounts, specs.Mount{Destination: s.data, Type: "bind", Source: s.volume, Options: []string{"rbind", "rw"}})
	maps.Copy(spec.Annotations, s.labels)
}

// running is a database with clients that write.
type running struct {
	container
	store ledger.Store
	load  *harness.Load
}

func run(t *testing.T, c container, s server) *running {
	t.Helper()
	c.start(t)
	r := &running{container: c, store: s.store(inside(c))}
	r.answers(t)
	r.load = harness.LoadOn(t, r.store, ledger.Load{Clients: 3, Pause: 10 * time.Millisecond})
	r.load.Wait(t, 5)
	return r
}

func inside(c container) ledger.Inside {
	return func(f func() error) error {
		pid, err := c.pid(context.Background())
		if err != nil {
			return err
		}
		return netns.Do(fmt.Sprintf("/proc/%d/ns/net", pid), f)
	}
}

// answers waits until clients get in.
func (r *running) answers(t *testing.T) {
	t.Helper()
	harness.Answers(t, r.store, "the database", 2*time.Minute)
}

// there and back again, judged by what the clients were told.
func (r *running) there(t *testing.T, stop bool) {
	t.Helper()
	start, end := r.load.Cut(func() { succeeded(t, r.checkpoint(t, stop)) })
	if !stop {
		r.load.Wait(t, 5)
		r.lose(t)
	}
	restored := r.load.Log.Now()
	succeeded(t, r.restore(t))
	r.answers(t)
	r.load.Wait(t, 5)
	r.load.Check(t, ledger.Continues(start, end, restored))
}

func succeeded(t *testing.T, o harness.Output) {
	t.Helper()
	if o.Code != 0 {
		t.Fatal(o)
	}
}
