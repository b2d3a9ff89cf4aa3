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
			harness.Full(t)
			there(t, newNode(t), kind)
		})
		t.Run(strings.ReplaceAll(kind+"/stop", " ", "-"), func(t *testing.T) {
			harness.FillCell(t, "cri", "2.4", kind, "stop").Skip(t, "the CRI has no checkpoint that stops its container")
		})
	}
}

func there(t *testing.T, n *node, kind string) {
	t.Helper()
	engine, version, _ := strings.Cut(kind, " ")
	image := engine + ":" + version
	volume := n.Volume(t)
	container := object{
		"metadata": object{"name": "db"}, "image": object{"image": "docker.io/library/" + image}, "log_path": "db.log", "linux": security(),
	}
	var at atomic.Int64 // pid of the server's container
	inside := func(f func() error) error { return netns.Do(fmt.Sprintf("/proc/%d/ns/net", at.Load()), f) }
	var store ledger.Store
	switch engine {
	case "redis":
		container["args"] = []string{"redis-server", "--requirepass", harness.Canary}
		container["mounts"] = []object{{"container_path": "/data", "host_path": volume}}
		store = ledger.Redis{Addr: netip.MustParseAddrPort("127.0.0.1:6379"), Inside: inside, Password: harness.Canary}.Store()
	case "postgres":
		container["envs"] = []object{{"key": "POSTGRES_PASSWORD", "value": harness.Canary}}
		container["mounts"] = []object{{"container_path": "/var/lib/postgresql/data", "host_path": volume}}
		store = ledger.PostgreSQL{Addr: netip.MustParseAddrPort("127.0.0.1:5432"), Inside: inside,
			User: "postgres", Password: harness.Canary, Database: "postgres"}.Store()
	}
	n.Need(t, image)
	n.sees(t, "docker.io/library/"+image)
	pod, id := n.pod(t, map[string]string{"lull/on-drift": "rollback", "lull/pause-budget": "1m", "lull/restore-deadline": "3m", "lull/max-frozen": "5m"}, container)
	at.Store(int64(n.pid(t, id)))
	if r, err := state.Read(state.Dir(n.LullDir(), n.Namespace, id)); err != nil || r.Engine != engine {
		t.Fatalf("lull's shim serves it as %+v, %v", r, err)
	}
	answers(t, store)
	load := harness.LoadOn(t, store, ledger.Load{Clients: 3, Pause: 10 * time.Millisecond})
	load.Wait(t, 5)

	archive := filepath.Join(t.TempDir(), "db.tar")
	start, end := load.Cut(func() { n.do(t, "checkpoint", "--export", archive, id) })
	load.Wait(t, 5) // the pod goes on
	readable(t, n, archive, id)
	r := unpack(t, n, archive, image)
	if r.asked(t) != "rollback" {
		t.Error("the pod's annotation lull/on-drift did not reach the shim")
	}
	n.do(t, "rmp", "--force", pod)
	restored := load.Log.Now()
	at.Store(int64(r.restore(t)))
	answers(t, store)
	load.Wait(t, 5)
	load.Check(t, ledger.Continues(start, end, restored))
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
