package diversion

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const asDaemon = "LULL_TEST_DAEMON"

// TestMain is a daemon, too, until its input ends.
func TestMain(m *testing.M) {
	if os.Getenv(asDaemon) != "" {
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	os.Exit(m.Run())
}

// A script or a process that lives on the command keeps it, and its agent.
func TestCalled(t *testing.T) {
	h := newHost(t)
	carry(t, h.wanted(h.v1))
	r, err := ReadRecord(h.record)
	if err != nil {
		t.Fatal(err)
	}
	command := filepath.Join(h.bin, Command)
	if called := r.CalledBy("exec '" + command + "' hook criu"); len(called) != 1 || len(r.CalledBy("exec /bin/true")) != 0 {
		t.Errorf("called: %q", called)
	}
	if here := r.Processes(); len(here) != 0 {
		t.Errorf("nothing runs: %+v", here)
	}
	daemon := exec.CommandContext(t.Context(), command, "daemon") // this test's own program
	daemon.Env = append(os.Environ(), asDaemon+"=1")
	in, err := daemon.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	callers := r.Processes()
	if len(callers) != 1 || !strings.Contains(callers[0].What, "daemon") {
		t.Errorf("the process that runs: %+v", callers)
	}
	p, err := Removal(h.record, nil, callers)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Carry(t.Context(), fine); err != nil {
		t.Fatal(err)
	}
	if !exists(command) || !exists(filepath.Join(h.bin, Agent)) || exists(filepath.Join(h.bin, LullShim)) || len(p.Notes) != 2 {
		t.Errorf("left: %v; notes %q", h.files(t), p.Notes)
	}
	_ = in.Close()
	_ = daemon.Wait()
	h.uninstall(t, nil)
	h.want(t, bare)
}
