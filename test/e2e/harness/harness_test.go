package harness

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lull-containers/lull/test/ledger"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

func TestParseTasks(t *testing.T) {
	tests := map[string]struct {
		table string
		want  map[string]task
		err   bool
	}{
		"none": {"TASK    PID    STATUS    \n", map[string]task{}, false},
		"two": {"TASK    PID    STATUS    \npg-1    4711    RUNNING\nc       0       STOPPED\n",
			map[string]task{"pg-1": {4711, Running}, "c": {0, Stopped}}, false},
		"empty":       {"", map[string]task{}, false},
		"no pid":      {"TASK PID STATUS\npg RUNNING\n", nil, true},
		"pid is none": {"TASK PID STATUS\npg - RUNNING\n", nil, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseTasks(tt.table)
			if (err != nil) != tt.err {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(task{}), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("tasks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNameFitsAndDiffers(t *testing.T) {
	valid := regexp.MustCompile(`^[a-z][a-z0-9-]{0,18}[a-z0-9]$`)
	seen := map[string]bool{}
	for _, sub := range []string{"", "x", "a long name, with Ünicode/and-parts", "==="} {
		t.Run(sub, func(t *testing.T) {
			for _, kind := range []string{"c", "e2e", "volume", "twelve-chars"} {
				n := Name(t, kind)
				if !valid.MatchString(n) || seen[n] {
					t.Errorf("name %q", n)
				}
				seen[n] = true
			}
		})
	}
}

// The harness itself, with lull in place and without: a paused database's
// files are copied, it writes on, it is killed and started again, and then so
// is the copy.
func TestHarness(t *testing.T) {
	tests := map[string]struct {
		daemon func(testing.TB) *Daemon
		run    PostgresOptions
	}{
		"stock-13": {SharedStock, PostgresOptions{Version: "13"}},
		"stock-17": {SharedStock, PostgresOptions{Version: "17"}},
		"lull-17":  {Shared, PostgresOptions{Version: "17"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := tt.daemon(t)
			pg := d.Postgres(t, tt.run)
			before := answers(t, pg, pg.SetupTutorial)
			bench := pg.Pgbench(t, 1, 1)
			l := pg.Load(t, 3)
			l.Wait(t, 20)
			copied := d.Volume(t)
			start, end := l.Cut(func() { copyPaused(t, pg, copied) })
			l.Wait(t, 20)
			pg.Kill(t)
			pg.Remove(t)

			tt.run.ID, tt.run.Volume = pg.ID, pg.Volume
			again := d.Postgres(t, tt.run)
			l.Wait(t, 5)
			l.Check(t, ledger.Intact())
			if got := bench.Stop(); got.Starts < 2 {
				t.Errorf("pgbench was not started again: %+v", got)
			}
			again.Remove(t)

			tt.run.Volume = copied
			rolledBack := d.Postgres(t, tt.run)
			r := l.Check(t, ledger.AtCut(start, end))
			if diff := cmp.Diff(before, answers(t, rolledBack, nil)); diff != "" {
				t.Errorf("the tutorial's answers (-before +after):\n%s", diff)
			}
			t.Logf("%s%s", r, l.Log.History().Stalls(start, end).Overall)
		})
	}
}

func answers(t *testing.T, pg *Postgres, setUp func(context.Context) error) []ledger.Answer {
	t.Helper()
	if setUp != nil {
		if err := setUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	a, err := pg.TutorialAnswers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func copyPaused(t *testing.T, pg *Postgres, to string) {
	t.Helper()
	d := pg.Container.Daemon
	d.Ctr(t, "tasks", "pause", pg.ID)
	if s := pg.Status(t); s != Paused {
		t.Errorf("status %q", s)
	}
	if o := Run(t, exec.Command("cp", "-a", pg.Volume+"/.", to)); o.Code != 0 {
		t.Error(o)
	}
	d.Ctr(t, "tasks", "resume", pg.ID)
	if err := os.Remove(filepath.Join(to, "postmaster.pid")); err != nil {
		t.Error(err)
	}
}
