package shim

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"github.com/containerd/containerd/v2/pkg/sys/reaper"
	"github.com/containerd/log"

	"github.com/lull-containers/lull/agent"
	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/engine/commands"
	"github.com/lull-containers/lull/internal/failpoint"
	"github.com/lull-containers/lull/quiesce"
)

// sessions opens sessions in agents: unprivileged processes in the network
// namespace of the container. The container's own commands stand around them.
type sessions struct {
	host Host
	c    *engine.Container
	run  commands.Runner
}

func (t *task) sessions() sessions {
	return sessions{t.host, t.c, runner{t.inner, t.c}}
}

// Begin starts an agent, where the engine has a driver.
func (s sessions) Begin() engine.Opening {
	o := &opening{sessions: s}
	if s.c.Found.Engine != quiesce.Exec {
		cfg := s.host.Config.Agent
		o.agent = agent.Begin(agent.Config{
			Binary: agent.Beside(s.host.Lull), NetNS: s.c.Network.Path, UID: cfg.UID, GID: cfg.GID, Memory: cfg.Memory << 20,
			Starter: children{}, Stderr: log.L.WriterLevel(log.WarnLevel),
		})
	}
	return o
}

// opening is an agent that starts.
type opening struct {
	sessions
	agent *agent.Starting // nil without a driver
}

// Open has the agent open its session, and puts the commands around it.
func (o *opening) Open(ctx context.Context, t quiesce.Target) (engine.Session, error) {
	own, err := commands.Of(o.c.LullLabels())
	if err != nil {
		return nil, err
	}
	inner := commands.Bare(t, own)
	if o.agent != nil {
		c, err := o.agent.Open(ctx, t)
		if err != nil {
			return nil, err
		}
		if inner = c; !own.Any() {
			return inner, nil
		}
	}
	return commands.Around(inner, own, o.run, o.c.Settings.ExecTimeout), nil
}

// Drop ends an agent that opened nothing.
func (o *opening) Drop() {
	if o.agent != nil {
		o.agent.Drop()
	}
}

// children starts processes so that the shim's reaper, which takes every
// SIGCHLD, tells how they ended.
type children struct{}

// Start starts cmd on the calling thread.
func (children) Start(cmd *exec.Cmd) (func() error, error) {
	cmd.Env = append(cmd.Env, failpoint.Env()...)
	exits, err := reaper.Default.Start(cmd)
	if err != nil {
		return nil, err
	}
	return func() error {
		status, err := reaper.Default.Wait(cmd, exits)
		if err == nil && status != 0 {
			err = fmt.Errorf("exit status %d", status)
		}
		return err
	}, nil
}

// Output runs a helper command of the shim's and returns what it printed.
func Output(cmd *exec.Cmd) ([]byte, error) {
	var out, problem limited
	cmd.Stdout, cmd.Stderr = &out, &problem
	wait, err := children{}.Start(cmd)
	if err != nil {
		return nil, err
	}
	if err := wait(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", cmd.Path, err, problem.buf)
	}
	return out.buf, nil
}

// limited keeps the first mebibyte that a helper prints.
type limited struct{ buf []byte }

func (l *limited) Write(p []byte) (int, error) {
	if len(l.buf)+len(p) > 1<<20 {
		return 0, errors.New("too much output")
	}
	l.buf = append(l.buf, p...)
	return len(p), nil
}
