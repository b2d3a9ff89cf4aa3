package harness

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Command is a command that runs beside the test.
type Command struct {
	cmd       *exec.Cmd
	began     time.Time
	out, errs bytes.Buffer
	done      chan struct{}
}

// StartCtr starts the lab's ctr on this daemon. A command that is still there
// at the test's end is killed.
func (d *Daemon) StartCtr(t testing.TB, args ...string) *Command {
	t.Helper()
	return startCommand(t, d.Daemon.Ctr(context.WithoutCancel(t.Context()), args...))
}

// StartLull is StartCtr for the lull command.
func (d *Daemon) StartLull(t testing.TB, args ...string) *Command {
	t.Helper()
	return startCommand(t, d.LullCommand(context.WithoutCancel(t.Context()), args...))
}

func startCommand(t testing.TB, cmd *exec.Cmd) *Command {
	t.Helper()
	c := &Command{cmd: cmd, began: time.Now(), done: make(chan struct{})}
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.errs
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.done)
		_ = c.cmd.Wait() // Wait below tells how it ended
	}()
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill() // it may have ended
		<-c.done
	})
	return c
}

// Signal sends the command a signal.
func (c *Command) Signal(t testing.TB, s unix.Signal) {
	t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		t.Fatalf("%s: %v", c.cmd.Args[0], err)
	}
}

// Ended tells whether the command has ended.
func (c *Command) Ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// Wait waits for the command's end and gives how it ended.
func (c *Command) Wait(t testing.TB) Output {
	t.Helper()
	select {
	case <-c.done:
	case <-time.After(commandTimeout):
		t.Fatalf("%s does not end", strings.Join(c.cmd.Args, " "))
	}
	return Output{
		Command: filepath.Base(c.cmd.Path) + " " + strings.Join(c.cmd.Args[1:], " "),
		Stdout:  c.out.String(), Stderr: c.errs.String(),
		Code: c.cmd.ProcessState.ExitCode(), Took: time.Since(c.began),
	}
}
