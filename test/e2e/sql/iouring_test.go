package sql

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// A database that works with io_uring, which CRIU cannot dump, is refused with
// the setting that helps, and goes on as if nothing had been.
func TestIOURing(t *testing.T) {
	for _, tt := range []struct {
		kind
		args []string
		says string
	}{
		{kind{"postgres", "18", nil}, []string{"-c", "io_method=io_uring"}, "io_method=worker"},
		{kind{"mariadb", "10.11", nil}, []string{"--innodb-use-native-aio=1"}, "innodb_use_native_aio=0"},
		{kind{"mariadb", "11.8", nil}, []string{"--innodb-use-native-aio=1"}, "innodb_use_native_aio=0"},
	} {
		t.Run(tt.name(), func(t *testing.T) {
			s := tt.run(t, harness.Shared(t), options{annotations: patient(), args: tt.args})
			if !s.hasIOURing(t) {
				t.Skip("this build, or this kernel, does without io_uring")
			}
			load, pid := harness.LoadOn(t, s.store, trickle()), s.PID(t)
			load.Wait(t, 2)
			s.refused(t, "[lull:preflight]", "uses io_uring, which cannot be dumped", tt.says)
			load.Wait(t, 2)
			s.unlocked(t)
			s.WaitStatus(t, harness.Running)
			if now := s.PID(t); now != pid {
				t.Errorf("its first process was %d and is %d", pid, now)
			}
			load.Check(t, ledger.Intact())
			s.Remove(t)
			s.NoTraces(t)
		})
	}
}

// hasIOURing looks at what the server's first process has open.
func (s *server) hasIOURing(t *testing.T) bool {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", s.PID(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if to, err := os.Readlink(f); err == nil && strings.Contains(to, "[io_uring]") {
			return true
		}
	}
	return false
}
