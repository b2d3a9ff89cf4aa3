package clone

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// A pool gives clones that nobody has had, makes good what was taken, and
// leaves nothing.
func TestPool(t *testing.T) {
	d := harness.Start(t, harness.Options{})
	pg := d.Postgres(t, harness.PostgresOptions{})
	pg.Exec(t, "CREATE TABLE seed AS SELECT 42 AS n")
	ref := checkpoint(t, pg)
	d.ForgetPool(t, "tests")
	d.Lull(t, "pool", "create", ref, "tests", "--size=2")
	first := pools(t, d)[0]
	if len(first.Stock) != 2 {
		t.Fatalf("in stock: %+v", first)
	}
	if o := d.TryLull(t, "pool", "create", ref, "tests"); o.Code != 14 {
		t.Errorf("a second one of the name: %s", o)
	}

	c := d.Take(t, "tests", "--publish=0")
	if n := c.Query(t, "SELECT n::text FROM seed"); n != "42" {
		t.Errorf("it has %q", n)
	}
	published(t, c)
	full(t, d)

	t.Log("the server of one in stock ends")
	dead := pools(t, d)[0].Stock[0]
	d.Ctr(t, "tasks", "kill", "--signal", "SIGKILL", dead)
	harness.Eventually(t, "it has ended", func() bool { return stopped(t, d, dead) })
	other := d.Take(t, "tests")
	if other.ID == dead || other.ID == c.ID {
		t.Errorf("taken: %s", other.ID)
	}
	other.WaitAnswer(t)
	full(t, d)

	again := d.Reset(t, c.ID)
	if again.Published != c.Published {
		t.Errorf("published at %s, was at %s", again.Published, c.Published)
	}
	published(t, again)
	d.Lull(t, "pool", "rm", "tests")
	if left := pools(t, d); len(left) > 0 {
		t.Errorf("%+v", left)
	}
	other.WaitAnswer(t)
	d.Lull(t, "clone", "rm", "--all")
	if _, err := c.At(netip.MustParseAddrPort(c.Published)).TryQuery(t, "SELECT 1"); err == nil {
		t.Error("it is published on")
	}
	d.NoClones(t)
	d.NoPools(t)
}

func stopped(t *testing.T, d *harness.Daemon, id string) bool {
	t.Helper()
	for line := range strings.Lines(d.Ctr(t, "tasks", "ls")) {
		if strings.HasPrefix(line, id) && strings.Contains(line, "STOPPED") {
			return true
		}
	}
	time.Sleep(pace)
	return false
}

// pace is between two calls of a program that is asked over and over.
const pace = 300 * time.Millisecond

// published asks at the address of the host.
func published(t *testing.T, c *harness.Clone) {
	t.Helper()
	at, err := netip.ParseAddrPort(c.Published)
	must(t, err)
	if n, err := c.At(at).TryQuery(t, "SELECT n::text FROM seed"); err != nil || n != "42" {
		t.Errorf("at %s: %q, %v", at, n, err)
	}
}

type pool struct {
	Name         string
	Stock, Taken []string
	Trouble      string
}

func pools(t *testing.T, d *harness.Daemon) (all []pool) {
	t.Helper()
	must(t, json.Unmarshal([]byte(d.Lull(t, "pool", "ls", "--json")), &all))
	return all
}

// full waits for the refill, which is a restore.
func full(t *testing.T, d *harness.Daemon) {
	t.Helper()
	var now pool
	for end := time.Now().Add(3 * time.Minute); len(now.Stock) < 2; time.Sleep(pace) {
		now = pools(t, d)[0]
		if now.Trouble != "" || time.Now().After(end) {
			t.Fatalf("it is not filled: %+v", now)
		}
	}
	for _, id := range now.Taken {
		if slices.Contains(now.Stock, id) {
			t.Errorf("%s is taken and in stock", id)
		}
	}
}
