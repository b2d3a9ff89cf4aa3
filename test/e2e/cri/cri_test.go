package cri

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// A pod's annotations reach the shim; the CRI's archive is one that
// checkpointctl reads, and that is verified when it is restored.
func TestCRI(t *testing.T) {
	for _, kind := range []string{"redis 8.0", "postgres 17"} {
		t.Run(strings.ReplaceAll(kind+"/leave running", " ", "-"), func(t *testing.T) {
			harness.FillCell(t, "cri", "2.4", kind, "leave running")
			byRunc(t, newDatabase(t, newNode(t), kind))
		})
		t.Run(strings.ReplaceAll(kind+"/stop", " ", "-"), func(t *testing.T) {
			harness.FillCell(t, "cri", "2.4", kind, "stop").Skip(t, "the CRI has no checkpoint that stops its container")
		})
	}
}

// database is one in a pod, with clients that write.
type database struct {
	n       *node
	image   string
	pod, id string
	at      *atomic.Int64 // pid of the server's container
	store   ledger.Store
	load    *harness.Load
}

func newDatabase(t *testing.T, n *node, kind string) *database {
	t.Helper()
	engine, version, _ := strings.Cut(kind, " ")
	d := &database{n: n, image: engine + ":" + version, at: new(atomic.Int64)}
	container := d.container(engine, n.Volume(t))
	n.Need(t, d.image)
	n.sees(t, "docker.io/library/"+d.image)
	d.pod, d.id = n.pod(t, map[string]string{"lull/on-drift": "rollback", "lull/pause-budget": "1m", "lull/restore-deadline": "3m", "lull/max-frozen": "5m"}, container)
	d.at.Store(int64(n.pid(t, d.id)))
	if r, err := state.Read(state.Dir(n.LullDir(), n.Namespace, d.id)); err != nil || r.Engine != engine {
		t.Fatalf("lull's shim serves it as %+v, %v", r, err)
	}
	answers(t, d.store)
	d.load = harness.LoadOn(t, d.store, ledger.Load{Clients: 3, Pause: 10 * time.Millisecond})
	d.load.Wait(t, 5)
	return d
}

// container is what crictl is told of it.
func (d *database) container(engine, volume string) object {
	inside := func(f func() error) error { return netns.Do(fmt.Sprintf("/proc/%d/ns/net", d.at.Load()), f) }
	c := object{
		"metadata": object{"name": "db"}, "image": object{"image": "docker.io/library/" + d.image}, "log_path": "db.log", "linux": security(),
	}
	switch engine {
	case "redis":
		c["args"] = []string{"redis-server", "--requirepass", harness.Canary}
		c["mounts"] = []object{{"container_path": "/data", "host_path": volume}}
		d.store = ledger.Redis{Addr: netip.MustParseAddrPort("127.0.0.1:6379"), Inside: inside, Password: harness.Canary}.Store()
	case "postgres":
		c["envs"] = []object{{"key": "POSTGRES_PASSWORD", "value": harness.Canary}}
		c["mounts"] = []object{{"container_path": "/var/lib/postgresql/data", "host_path": volume}}
		d.store = ledger.PostgreSQL{Addr: netip.MustParseAddrPort("127.0.0.1:5432"), Inside: inside,
			User: "postgres", Password: harness.Canary, Database: "postgres"}.Store()
	}
	return c
}

// there and back again, the pod gone meanwhile. keep comes before it goes;
// restore gives the pid of the server's container.
func (d *database) there(t *testing.T, checkpoint, keep func(), restore func() int) {
	t.Helper()
	start, end := d.load.Cut(checkpoint)
	d.load.Wait(t, 5) // the pod goes on
	keep()
	d.n.do(t, "rmp", "--force", d.pod)
	restored := d.load.Log.Now()
	d.at.Store(int64(restore()))
	answers(t, d.store)
	d.load.Wait(t, 5)
	d.load.Check(t, ledger.Continues(start, end, restored))
}

func byRunc(t *testing.T, d *database) {
	t.Helper()
	archive := filepath.Join(t.TempDir(), "db.tar")
	var r *unpacked
	d.there(t, func() { d.n.do(t, "checkpoint", "--export", archive, d.id) }, func() {
		readable(t, d.n, archive, d.id)
		if r = unpack(t, d.n, archive, d.image); r.asked(t) != "rollback" {
			t.Error("the pod's annotation lull/on-drift did not reach the shim")
		}
	}, func() int { return r.restore(t) })
}

// answers waits until clients get in.
func answers(t *testing.T, store ledger.Store) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		s, err := store.Connect(t.Context())
		if err == nil {
			s.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the database does not answer: %v", err)
		}
	}
}
