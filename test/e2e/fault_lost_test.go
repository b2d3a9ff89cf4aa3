package e2e

import (
	"fmt"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/google/nftables"

	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// lost is a database with a checkpoint, which wrote on and was then removed.
// Its network namespace is the test's own, so that rules which a restore
// leaves there would be seen.
type lost struct {
	*subject
	ref        string
	netns      string
	was        harness.Tree
	start, end time.Duration // of the cut
}

func newLost(t *testing.T) *lost {
	t.Helper()
	d := harness.Shared(t)
	l := &lost{ref: harness.Name(t, "image"), netns: filepath.Join(t.TempDir(), "net")}
	if err := netns.Create(l.netns); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := netns.Remove(l.netns); err != nil {
			t.Error(err)
		}
	})
	pg := d.Postgres(t, harness.PostgresOptions{ContainerOptions: harness.ContainerOptions{
		NetNS: l.netns, Annotations: annotations("lull/on-drift", "rollback", "lull/restore-deadline", "5s"),
	}})
	l.subject = &subject{Postgres: pg, d: d, load: pg.LoadLike(t, trickle())}
	l.load.Wait(t, 5)
	l.start, l.end = l.load.Cut(func() { d.Ctr(t, "containers", "checkpoint", "--task", "--rw", "--image", pg.ID, l.ref) })
	l.load.Wait(t, 5)
	pg.Kill(t)
	pg.Remove(t)
	l.was = l.tree(t)
	return l
}

// changed is the one thing that a rollback which is taken back cannot restore.
var changed = regexp.MustCompile(` changed \S+`)

func (l *lost) tree(t *testing.T) harness.Tree {
	t.Helper()
	tree := harness.Tree{}
	for path, line := range harness.TreeOf(t, filepath.Dir(l.Volume)) {
		if path == l.Volume || filepath.Dir(path) != filepath.Dir(l.Volume) || filepath.Base(path)[0] == '.' {
			tree[path] = changed.ReplaceAllString(line, "")
		}
	}
	return tree
}

// asItWas removes the container and looks for what the restore left.
func (l *lost) asItWas(t *testing.T) {
	t.Helper()
	l.Remove(t)
	l.NoTraces(t)
	l.noRules(t)
	l.same(t)
}

func (l *lost) same(t *testing.T) {
	t.Helper()
	now := l.tree(t)
	for path, line := range l.was {
		if now[path] != line {
			t.Errorf("%s was\n%s and is\n%s", path, line, now[path])
		}
		delete(now, path)
	}
	for path := range now {
		t.Errorf("%s was not there", path)
	}
}

// noRules looks for a closed network: lull's, or one of CRIU's, whose empty
// tables stay after a dump.
func (l *lost) noRules(t *testing.T) {
	t.Helper()
	if rules := l.rules(t); len(rules) > 0 {
		t.Errorf("rules are left in: %q", rules)
	}
}

// rules names the nft chains that have some.
func (l *lost) rules(t *testing.T) (chains []string) {
	t.Helper()
	err := netns.Do(l.netns, func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		all, err := c.ListChains()
		for _, chain := range all {
			rules, err := c.GetRules(chain.Table, chain)
			if err != nil || len(rules) > 0 {
				chains = append(chains, fmt.Sprintf("%s %s: %v", chain.Table.Name, chain.Name, err))
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return chains
}
