package demo

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/lull-containers/lull/lab/demo/screen"
)

// Ran is a command that was run.
type Ran struct {
	Command string  `json:"command"`
	Seconds float64 `json:"seconds"`
	Failed  bool    `json:"failed"`

	stdout, stderr string
}

// do shows a command, runs it, and takes its failure for one of the demo.
func (a *act) do(ctx context.Context, args ...string) (Ran, error) {
	ran, err := a.try(ctx, args...)
	if err == nil && ran.Failed {
		err = fmt.Errorf("%s: %s", ran.Command, ran.complaint())
	}
	return ran, err
}

// try shows a command, runs it, and gives how it ended.
func (a *act) try(ctx context.Context, args ...string) (Ran, error) {
	a.say.Command(args)
	defer a.say.Live("", a.status)()
	ran, err := a.exec(ctx, args)
	a.result.Commands = append(a.result.Commands, ran)
	return ran, err
}

// exec runs a command with the environment of the daemon's shell.
func (s *stage) exec(ctx context.Context, args []string) (Ran, error) {
	cmd := exec.CommandContext(ctx, s.program(args[0]), args[1:]...)
	cmd.Env = s.daemon.Environ("TMPDIR=" + s.daemon.Temp())
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the terminal's interrupt is for the demo
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	began := time.Now()
	err := cmd.Run()
	ran := Ran{Command: screen.Join(args), Seconds: time.Since(began).Seconds(), Failed: err != nil,
		stdout: strings.TrimSpace(out.String()), stderr: strings.TrimSpace(errs.String())}
	if cmd.ProcessState == nil {
		return ran, fmt.Errorf("%s: %w", ran.Command, err)
	}
	return ran, ctx.Err()
}

// program finds lull in its folder, and everything else as the lab has it.
func (s *stage) program(program string) string {
	if program == "lull" {
		return filepath.Join(s.bin, program)
	}
	return s.lab.Path(program)
}

// complaint is what a failed command said, in one line.
func (r Ran) complaint() string {
	said := r.stderr
	if said == "" {
		said = r.stdout
	}
	return strings.Join(strings.Fields(said), " ")
}
