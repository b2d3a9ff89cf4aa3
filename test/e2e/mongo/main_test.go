package mongo

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/agent"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/mongodb"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// TestMain is the agent too: the drivers' suite starts this binary as one.
func TestMain(m *testing.M) {
	if os.Args[0] == agent.Program {
		os.Exit(agent.Main(os.Stdin, os.Stdout, []quiesce.Driver{mongodb.Driver{}}))
	}
	os.Exit(harness.Main(m))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// trickle is a load that leaves the machine to what is tested.
func trickle() ledger.Load { return ledger.Load{Clients: 3, Pause: 10 * time.Millisecond} }

func annotations(pairs ...string) map[string]string {
	m := map[string]string{}
	for p := range slices.Chunk(pairs, 2) {
		m[p[0]] = p[1]
	}
	return m
}

// fenced are annotations with a fence, and time for it on a loaded machine.
func fenced(more ...string) map[string]string {
	return annotations(append(more, "lull/mode", "fence", "lull/pause-budget", "1m", "lull/on-drift", "rollback")...)
}

// run starts a fake that soon ends transactions whose clients are gone, as a
// mongod does in a minute: they belong to no connection.
func run(t *testing.T, a map[string]string) *harness.Mongo {
	t.Helper()
	return harness.Shared(t).FakeMongo(t, harness.MongoOptions{ContainerOptions: harness.ContainerOptions{Annotations: a,
		Args: []string{"--setParameter", "transactionLifetimeLimitSeconds=5"}}})
}

func refuses(t *testing.T, o harness.Output, words ...string) {
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
