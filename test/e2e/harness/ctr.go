package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// commandTimeout ends a command that hangs, so that a test ends with its name
// and not with the run.
const commandTimeout = 3 * time.Minute

// Output is what a command said and how it ended.
type Output struct {
	Command string
	Stdout  string
	Stderr  string
	Code    int // -1 when it did not run or was killed
	Took    time.Duration
}

// String shows it all, for messages.
func (o Output) String() string {
	return fmt.Sprintf("%s (exit code %d after %s)\n%s%s", o.Command, o.Code, o.Took.Round(time.Millisecond), o.Stdout, o.Stderr)
}

// Run runs a command to its end; the test's end kills it.
func Run(t testing.TB, cmd *exec.Cmd) Output {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	o := Output{Command: filepath.Base(cmd.Path) + " " + strings.Join(cmd.Args[1:], " ")}
	began := time.Now()
	err := cmd.Run()
	o.Took, o.Stdout, o.Stderr, o.Code = time.Since(began), out.String(), errs.String(), cmd.ProcessState.ExitCode()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", o.Command, err)
	}
	return o
}

// TryCtr runs the lab's ctr on this daemon and gives how it ended.
func (d *Daemon) TryCtr(t testing.TB, args ...string) Output {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTimeout)
	defer cancel()
	return Run(t, d.Daemon.Ctr(ctx, args...))
}

// Ctr runs the lab's ctr on this daemon, which has to succeed, and gives its
// answer.
func (d *Daemon) Ctr(t testing.TB, args ...string) string {
	t.Helper()
	o := d.TryCtr(t, args...)
	if o.Code != 0 {
		t.Fatal(o)
	}
	return strings.TrimSpace(o.Stdout)
}

// TryLull runs the lull command on this daemon and gives how it ended.
func (d *Daemon) TryLull(t testing.TB, args ...string) Output {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTimeout)
	defer cancel()
	return Run(t, d.LullCommand(ctx, args...))
}

// LullCommand is the lull command on this daemon, to be run.
func (d *Daemon) LullCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, d.LullProgram(), args...)
	cmd.Env = d.Environ("LULL_CONFIG="+d.LullConfig(), "LULL_FAILPOINTS="+d.Failpoints, "TMPDIR="+d.Temp())
	return cmd
}

// LullProgram is the lull that is tested.
func (d *Daemon) LullProgram() string { return filepath.Join(d.bin, "lull") }

// Lull runs the lull command on this daemon, which has to succeed, and gives
// its answer.
func (d *Daemon) Lull(t testing.TB, args ...string) string {
	t.Helper()
	o := d.TryLull(t, args...)
	if o.Code != 0 {
		t.Fatal(o)
	}
	return strings.TrimSpace(o.Stdout)
}

// RunProgram runs a program with the lab's on PATH to its end and gives how it
// ended.
func RunProgram(ctx context.Context, t testing.TB, program string, args ...string) Output {
	t.Helper()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = Require(t).Env()
	return Run(t, cmd)
}
