package redis_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

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

// Without CONFIG it is unknown what a cold start loads: nothing that was not
// flushed is called flushed. An append-only file is known without.
func TestConfigThatIsRenamed(t *testing.T) {
	each(t, []string{"--save", "3600", "1", "--rename-command", "CONFIG", ""}, func(t *testing.T, s *server) {
		session := open(t, s, s.Target())
		s.write(t)
		_, err := session.Preflight(within(t))
		is(t, err, quiesce.ErrPrivilege)
		if !strings.Contains(err.Error(), "+config|get") {
			t.Errorf("%v does not say what helps", err)
		}
		is(t, session.Flush(within(t)), quiesce.ErrPrivilege)
		d, err := session.Evidence(within(t))
		must(t, err)
		if d.Durability["cold_start"] != "unknown" || d.Folders != nil || d.Identity["run_id"] == "" || len(s.files(t)) > 0 {
			t.Errorf("evidence %+v, files %q", d, s.files(t))
		}
	})
	each(t, []string{"--appendonly", "yes", "--rename-command", "CONFIG", ""}, func(t *testing.T, s *server) {
		session := open(t, s, s.Target())
		s.write(t)
		_, err := session.Preflight(within(t))
		must(t, err)
		must(t, session.Flush(within(t)))
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
