package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

func evidence(t *testing.T, s *server) manifest.Database {
	t.Helper()
	d, err := open(t, s.Target()).Evidence(within(t))
	must(t, err)
	text, err := json.Marshal(d)
	must(t, err)
	if strings.Contains(string(text), canary) {
		t.Errorf("the evidence tells a secret: %s", text)
	}
	return d
}

// kinds are the ties of a database, as "kind name".
func kinds(d manifest.Database) []string {
	var list []string
	for _, l := range d.Lineage {
		list = append(list, l.Kind+" "+l.Name)
	}
	return list
}

func TestLineageNamesWhatIsTiedToTheServer(t *testing.T) {
	each(t, []string{
		"-c", "wal_level=logical", "-c", "archive_mode=on", "-c", "archive_command=true " + canary,
	}, func(t *testing.T, s *server) {
		if got := kinds(evidence(t, s)); !slices.Equal(got, []string{"archive archive_mode"}) {
			t.Errorf("the lineage of a lone server with an archive is %q", got)
		}
		s.exec(t, "SELECT pg_create_physical_replication_slot('physical')",
			"CREATE SUBSCRIPTION followed CONNECTION 'host=nowhere password="+canary+"' PUBLICATION p WITH (connect = false)")
		want := []string{"slot physical", "upstream followed", "archive archive_mode"}
		if got := kinds(evidence(t, s)); !slices.Equal(got, want) {
			t.Errorf("the lineage is %q, want %q", got, want)
		}
	})
}

// standby follows s by streaming replication.
func (s *server) standby(t *testing.T) *server {
	t.Helper()
	c := s.place(t)
	cmd := s.command("pg_basebackup", "-h", "127.0.0.1", "-p", fmt.Sprint(s.port), "-U", "postgres", "-D", c.data, "-R", "-X", "stream", "-c", "fast")
	cmd.Env = append(cmd.Env, "PGPASSWORD="+canary)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("pg_basebackup: %v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(c.data, "standby.signal")); err != nil {
		t.Fatal(err)
	}
	c.start(t)
	return c
}

func TestAStandby(t *testing.T) {
	each(t, nil, func(t *testing.T, primary *server) {
		primary.exec(t, "CREATE TABLE counted (n serial PRIMARY KEY)")
		standby := primary.standby(t)
		for len(evidence(t, primary).Lineage) == 0 {
			time.Sleep(10 * time.Millisecond) // until it streams
		}
		if got := kinds(evidence(t, primary)); len(got) != 1 || !strings.HasPrefix(got[0], "replica ") {
			t.Errorf("the primary's lineage is %q", got)
		}
		session := open(t, standby.Target())
		report, err := session.Preflight(within(t))
		must(t, err)
		if report.Role != "standby" || !strings.Contains(strings.Join(report.Warnings, "\n"), "standby") {
			t.Errorf("preflight of a standby says %+v", report)
		}
		must(t, session.Flush(within(t)))
		if _, err := session.Fence(within(t), time.Minute); !errors.Is(err, quiesce.ErrUnsupported) {
			t.Errorf("a fence on a standby: got %v, want ErrUnsupported", err)
		}
		recorded := evidence(t, standby)
		if got := kinds(recorded); len(got) != 1 || !strings.HasPrefix(got[0], "upstream 127.0.0.1:") || recorded.Role != "standby" {
			t.Errorf("the standby is a %s with lineage %q", recorded.Role, got)
		}
		must(t, primary.Client(t).Write(within(t)))
		v, err := session.Verify(within(t), recorded)
		must(t, err)
		if len(v.Broken) > 0 {
			t.Errorf("the same standby, further on: broken %q", v.Broken)
		}
		standby.exec(t, "SELECT pg_promote()")
		v, err = session.Verify(within(t), recorded)
		must(t, err)
		if broken := strings.Join(v.Broken, "\n"); !strings.Contains(broken, "role") || !strings.Contains(broken, "timeline") {
			t.Errorf("a promoted standby: broken %q, want role and timeline", v.Broken)
		}
	})
}

// TestAPrimaryThatIsStillInRecovery is waited for, and then is not ready.
func TestAPrimaryThatIsStillInRecovery(t *testing.T) {
	each(t, nil, func(t *testing.T, s *server) {
		recorded := evidence(t, s)
		s.stop(t, os.Interrupt)
		must(t, os.WriteFile(filepath.Join(s.data, "standby.signal"), nil, 0o644))
		s.start(t)
		session := open(t, s.Target())
		short, cancel := context.WithTimeout(within(t), 300*time.Millisecond)
		defer cancel()
		if _, err := session.Verify(short, recorded); !errors.Is(err, quiesce.ErrNotReady) {
			t.Errorf("got %v, want ErrNotReady", err)
		}
		verdict := make(chan quiesce.Verdict, 1)
		go func() {
			v, err := session.Verify(within(t), recorded)
			if err != nil {
				t.Error(err)
			}
			verdict <- v
		}()
		s.exec(t, "SELECT pg_promote()")
		if v := <-verdict; len(v.Broken) != 1 || !strings.Contains(v.Broken[0], "timeline") {
			t.Errorf("promoted to another timeline: broken %q, want the timeline alone", v.Broken)
		}
	})
}
