package redis_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/quiesce"
)

// With save points and no append-only file a flush is a snapshot that a cold
// start loads, and one that would change nothing is not made again.
func TestFlushSaves(t *testing.T) {
	each(t, []string{"--save", "3600", "1000000"}, func(t *testing.T, s *server) {
		session := open(t, s, s.Target())
		s.write(t)
		must(t, session.Flush(within(t)))
		if changes := s.info(t, "rdb_changes_since_last_save"); changes != "0" {
			t.Errorf("%s changes are not in the snapshot", changes)
		}
		first, err := os.Stat(filepath.Join(s.data, "dump.rdb"))
		must(t, err)
		must(t, session.Flush(within(t)))
		if second, err := os.Stat(filepath.Join(s.data, "dump.rdb")); err != nil || !os.SameFile(first, second) {
			t.Errorf("a second snapshot of the same data (%v)", err)
		}
		s.write(t)
		must(t, session.Flush(within(t)))
		s.Crash(t)
		if n := s.rows(t); n != 2 {
			t.Errorf("a cold start finds %d rows, not 2", n)
		}
	})
}

// A snapshot that fails is not taken for one.
func TestFlushThatFails(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("the server can only be shut out of its folder when the test is root")
	}
	each(t, []string{"--save", "3600", "1000000"}, func(t *testing.T, s *server) {
		session := open(t, s, s.Target())
		s.write(t)
		must(t, os.Chown(s.data, 0, 0))
		is(t, session.Flush(within(t)), quiesce.ErrUnsupported)
		must(t, os.Chown(s.data, nobody, nobody))
		must(t, session.Flush(within(t)))
	})
}

// Where nothing is to be kept nothing is made: a snapshot would be found by
// the next start, and by every later one.
func TestFlushOfNothing(t *testing.T) {
	each(t, []string{"--save", ""}, func(t *testing.T, s *server) {
		session := open(t, s, s.Target())
		s.write(t)
		report, err := session.Preflight(within(t))
		must(t, err)
		must(t, session.Flush(within(t)))
		d, err := session.Evidence(within(t))
		must(t, err)
		if files := s.files(t); len(files) > 0 {
			t.Errorf("files: %q", files)
		}
		if !strings.Contains(strings.Join(report.Warnings, "\n"), "a cold start is empty") || d.Durability["cold_start"] != "nothing" {
			t.Errorf("warnings %q, durability %v", report.Warnings, d.Durability)
		}
	})
}
