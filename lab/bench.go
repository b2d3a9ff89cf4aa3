package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A Bench is where one part is being made: an empty folder that becomes the
// part when its recipe succeeds, and a log.
type Bench struct {
	Dir   string            // becomes the part
	Temp  string            // thrown away
	Needs map[string]string // folder of each part that this one needs

	log   *os.File
	say   func(string)
	found string
}

// Say tells the person who waits what is being done.
func (b *Bench) Say(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	fmt.Fprintln(b.log, "#", line)
	b.say(line)
}

// Found records the version that came out, where the recipe does not fix it.
func (b *Bench) Found(version string) { b.found = version }

// Run runs a command in the temporary folder, with its output in the log.
func (b *Bench) Run(ctx context.Context, env []string, name string, args ...string) error {
	cmd := b.command(ctx, env, name, args...)
	cmd.Stdout, cmd.Stderr = b.log, b.log
	return b.explain(cmd, cmd.Run())
}

// Output runs a command like Run and returns its standard output, which is not
// logged.
func (b *Bench) Output(ctx context.Context, env []string, name string, args ...string) (string, error) {
	cmd := b.command(ctx, env, name, args...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, b.log
	err := b.explain(cmd, cmd.Run())
	return strings.TrimSpace(out.String()), err
}

func (b *Bench) command(ctx context.Context, env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = b.Temp
	cmd.Env = append(os.Environ(), "TMPDIR="+b.Temp, "LC_ALL=C")
	cmd.Env = append(cmd.Env, env...)
	// A terminated mmdebstrap or apt cleans up behind itself; a killed one does not.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	fmt.Fprintln(b.log, "+", strings.Join(cmd.Args, " "))
	return cmd
}

func (b *Bench) explain(cmd *exec.Cmd, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w: run lab/bootstrap.sh", err)
	}
	return fmt.Errorf("%s: %w", filepath.Base(cmd.Path), err)
}

// tail returns the last lines of a log, for the error that points at it.
func tail(path string, lines int) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	all := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return "  | " + strings.Join(all, "\n  | ")
}
