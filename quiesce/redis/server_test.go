package redis_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// each runs a case against a new server of every program.
func each(t *testing.T, options []string, run func(t *testing.T, s *server)) {
	t.Helper()
	for _, program := range programs(t) {
		h := harnessOf(t, program)
		t.Run(h.title, func(t *testing.T) { run(t, h.start(t, options...)) })
	}
}

// eachFenced leaves out what cannot be fenced.
func eachFenced(t *testing.T, options []string, run func(t *testing.T, s *server)) {
	t.Helper()
	each(t, options, func(t *testing.T, s *server) {
		if !s.fences() {
			t.Skip("before 6.2 a pause stops everybody")
		}
		run(t, s)
	})
}

func open(t *testing.T, s *server, target quiesce.Target) quiesce.Session {
	t.Helper()
	session, err := s.Driver().Open(within(t), target)
	must(t, err)
	t.Cleanup(func() { _ = session.Close() })
	return session
}

func (s *server) write(t *testing.T) {
	t.Helper()
	must(t, s.Client(t).Write(within(t)))
}

func (s *server) rows(t *testing.T) int {
	t.Helper()
	n, err := s.Client(t).Rows(within(t))
	must(t, err)
	return n
}

func (s *server) files(t *testing.T) (names []string) {
	t.Helper()
	all, err := os.ReadDir(s.data)
	must(t, err)
	for _, f := range all {
		if f.Name() != "log" {
			names = append(names, f.Name())
		}
	}
	return names
}

// With save points and no append-only file a flush is a snapshot that a cold
// start loads, and one that would change nothing is not made again.
func TestFlushSaves(t *testing.T) {
	each(t, []string{"--save", "3600 1000000"}, func(t *testing.T, s *server) {
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
	each(t, []string{"--save", "3600 1000000"}, func(t *testing.T, s *server) {
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

// Without CONFIG a checkpoint goes on, with less known and nothing touched.
func TestConfigThatIsRenamed(t *testing.T) {
	each(t, []string{"--save", "3600 1", "--rename-command", "CONFIG", ""}, func(t *testing.T, s *server) {
		session := open(t, s, s.Target())
		s.write(t)
		report, err := session.Preflight(within(t))
		must(t, err)
		must(t, session.Flush(within(t)))
		d, err := session.Evidence(within(t))
		must(t, err)
		if !strings.Contains(strings.Join(report.Warnings, "\n"), "CONFIG") || d.Folders != nil || d.Identity["run_id"] == "" || len(s.files(t)) > 0 {
			t.Errorf("warnings %q, evidence %+v, files %q", report.Warnings, d, s.files(t))
		}
	})
}

func TestEvidence(t *testing.T) {
	each(t, []string{"--appendonly", "yes", "--save", ""}, func(t *testing.T, s *server) {
		c, session := s.connect(t, "application"), open(t, s, s.Target())
		must(t, c.Set(within(t), "stays", 1, 0).Err())
		must(t, c.Set(within(t), "goes", 1, 100*time.Millisecond).Err())
		d, err := session.Evidence(within(t))
		must(t, err)
		if d.Position["keys.db0"] != "1" || d.Position["expires.db0"] != "1" || !slices.Equal(d.Folders, []string{s.data}) ||
			d.Durability["appendfsync"] != "everysec" || d.Durability["cold_start"] != "append-only file" || d.Role != "primary" || d.Lineage != nil {
			t.Errorf("evidence: %+v", d)
		}
		for s.info(t, "expired_keys") == "0" {
			time.Sleep(10 * time.Millisecond)
		}
		v, err := session.Verify(within(t), d)
		must(t, err)
		if len(v.Broken) > 0 {
			t.Errorf("a key has expired, and that breaks: %q", v.Broken)
		}
	})
}

// A replica is known for one; it cannot be fenced, and its primary names it.
func TestReplica(t *testing.T) {
	each(t, []string{"--save", ""}, func(t *testing.T, s *server) {
		r := s.harness.start(t, "--save", "", "--replicaof", fmt.Sprintf("127.0.0.1 %d", s.port), "--masterauth", canary)
		for r.info(t, "master_link_status") != "up" {
			time.Sleep(20 * time.Millisecond)
		}
		primary, replica := open(t, s, s.Target()), open(t, r, r.Target())
		_, err := replica.Fence(within(t), time.Minute)
		is(t, err, quiesce.ErrUnsupported)
		of, err := replica.Evidence(within(t))
		must(t, err)
		if of.Role != "replica" || len(of.Lineage) != 1 || of.Lineage[0].Kind != "upstream" || of.Lineage[0].Name != fmt.Sprintf("127.0.0.1:%d", s.port) {
			t.Errorf("the replica: %+v", of)
		}
		d, err := primary.Evidence(within(t))
		must(t, err)
		if d.Role != "primary" || len(d.Lineage) != 1 || d.Lineage[0].Kind != "replica" {
			t.Errorf("the primary: %+v", d)
		}
	})
}

// A fork that goes on is waited for, and not longer than there is time.
func TestPreflightWaitsForAFork(t *testing.T) {
	each(t, []string{"--save", "3600 1000000", "--rdb-key-save-delay", "100000"}, func(t *testing.T, s *server) {
		c, session := s.connect(t, "application"), open(t, s, s.Target())
		for i := range 20 {
			must(t, c.Set(within(t), fmt.Sprint(i), 1, 0).Err())
		}
		must(t, c.BgSave(within(t)).Err())
		short, cancel := context.WithTimeout(within(t), 200*time.Millisecond)
		defer cancel()
		_, err := session.Preflight(short)
		is(t, err, quiesce.ErrBusy)
		_, err = session.Preflight(within(t))
		must(t, err)
		if s.info(t, "rdb_bgsave_in_progress") != "0" {
			t.Error("the fork goes on")
		}
	})
}

// A script that runs for long is told from a server that is gone.
func TestScriptThatRuns(t *testing.T) {
	each(t, []string{"--save", "", "--lua-time-limit", "100"}, func(t *testing.T, s *server) {
		c, killer := s.connect(t, "application"), s.connect(t, "harness")
		must(t, killer.Ping(within(t)).Err()) // it is let in before the script runs
		done := make(chan error, 1)
		go func() { done <- c.Eval(context.Background(), "while true do end", nil).Err() }()
		busy := func() bool {
			session, err := s.Driver().Open(within(t), s.Target())
			if err == nil {
				_ = session.Close()
			}
			return errors.Is(err, quiesce.ErrBusy)
		}
		for !busy() {
			time.Sleep(20 * time.Millisecond)
		}
		must(t, killer.ScriptKill(within(t)).Err())
		if err := <-done; err == nil {
			t.Error("the script was not ended")
		}
	})
}

func TestSentinel(t *testing.T) {
	for _, program := range programs(t) {
		h := harnessOf(t, program)
		t.Run(h.title, func(t *testing.T) {
			s := h.place(t)
			file := filepath.Join(s.data, "sentinel.conf")
			must(t, os.WriteFile(file, nil, 0o666))
			if os.Geteuid() == 0 {
				must(t, os.Chown(file, nobody, nobody))
			}
			s.password = ""
			s.first = []string{file, "--sentinel"}
			s.launch(t)
			_, err := open(t, s, s.Target()).Preflight(within(t))
			is(t, err, quiesce.ErrUnsupported)
			s.stop(t, syscall.SIGKILL)
		})
	}
}

func TestVerifyOfAnotherEngine(t *testing.T) {
	each(t, []string{"--save", ""}, func(t *testing.T, s *server) {
		v, err := open(t, s, s.Target()).Verify(within(t), manifest.Database{Engine: "mysql"})
		must(t, err)
		if len(v.Broken) == 0 {
			t.Error("a Redis was taken for a MySQL")
		}
	})
}
