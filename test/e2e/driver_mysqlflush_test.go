package e2e

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/quiesce"
)

// flushOutOfTime: a flush that has no time says what to raise, leaves nothing
// running and nothing set, and its session goes on.
func flushOutOfTime(t *testing.T, b *boxed) {
	admin, before := b.observe(t), b.Settings(t)
	must(t, b.Client(t).Write(within(t)))
	session := b.open(t, b.Target())
	must(t, session.Flush(within(t)))
	for range 10 {
		must(t, admin.exec(within(t), `INSERT INTO counted.counted (filling) SELECT filling FROM counted.counted LIMIT 2000`))
	}
	short, cancel := context.WithTimeout(context.Background(), 3*time.Millisecond)
	defer cancel()
	err := session.Flush(short)
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, quiesce.ErrBusy) || !strings.Contains(err.Error(), "lull/pause-budget") {
		t.Fatalf("got %v, want ErrBusy for want of time, and the setting to raise", err)
	}
	if after := b.Settings(t); after != before {
		t.Errorf("settings changed from\n%s\nto\n%s", before, after)
	}
	must(t, session.Flush(within(t)))
	if _, err := session.InFlight(within(t)); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// elsewhere: the folder of a table with DATA DIRECTORY is one of the server's,
// and a table that is a link to another folder is refused.
func elsewhere(t *testing.T, b *boxed) {
	admin, session := b.observe(t), b.open(t, b.Target())
	must(t, admin.exec(within(t), "CREATE TABLE counted.away (n int) ENGINE=InnoDB DATA DIRECTORY='/tmp/away'"))
	d, err := session.Evidence(within(t))
	must(t, err)
	if !slices.Equal(d.Folders, []string{"/var/lib/mysql", "/tmp/away/counted"}) {
		t.Errorf("the server's folders are %q", d.Folders)
	}
	must(t, admin.exec(within(t), "DROP TABLE counted.away"))
	must(t, admin.exec(within(t), "CREATE TABLE counted.away (n int) ENGINE=Aria DATA DIRECTORY='/tmp'"))
	if _, err := session.Preflight(within(t)); !errors.Is(err, quiesce.ErrUnsupported) || !strings.Contains(err.Error(), "counted.away") {
		t.Errorf("got %v, want ErrUnsupported for the table counted.away", err)
	}
	must(t, admin.exec(within(t), "DROP TABLE counted.away"))
}
