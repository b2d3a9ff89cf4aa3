package redis_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// A replica is known for one; it cannot be fenced, and its primary names it.
func TestReplica(t *testing.T) {
	each(t, []string{"--save", ""}, func(t *testing.T, s *server) {
		r := s.harness.start(t, "--save", "", "--replicaof", "127.0.0.1", fmt.Sprint(s.port), "--masterauth", canary)
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
	each(t, []string{"--save", "3600", "1000000", "--rdb-key-save-delay", "100000"}, func(t *testing.T, s *server) {
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
