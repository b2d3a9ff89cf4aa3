package shim

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A command that prints without end is read to its end, and little is kept.
func TestCaptureIsBounded(t *testing.T) {
	dir := t.TempDir()
	c, err := newCapture(dir, "x")
	if err != nil {
		t.Fatal(err)
	}
	w, err := os.OpenFile(c.stdout.path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	c.started()
	if _, err := w.Write(bytes.Repeat([]byte("x"), 1<<20)); err != nil {
		t.Fatal(err)
	}
	w.Close()
	c.await(t.Context())
	if n := len(c.stdout.text()); n != maxOutput || !c.stdout.more() || c.stderr.text() != "" || c.stderr.more() {
		t.Errorf("%d bytes kept, more: %t; of the other %q", n, c.stdout.more(), c.stderr.text())
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// A process is found by its mark wherever it went, and nobody else is.
func TestMarkedProcesses(t *testing.T) {
	cmd := exec.Command("setsid", "sleep", "60")
	cmd.Env = []string{mark("a"), "PATH=" + os.Getenv("PATH")}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	for end := time.Now().Add(time.Minute); !carries(cmd.Process.Pid, "a"); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not carry its mark")
		}
	}
	if carries(cmd.Process.Pid, "b") || carries(os.Getpid(), "a") {
		t.Error("carries another's mark")
	}
	killMarked(cmd.Process.Pid, "b")
	if !carries(cmd.Process.Pid, "a") {
		t.Fatal("killed by another's mark")
	}
	killMarked(cmd.Process.Pid, "a")
}
