package commands

import (
	"context"
	"fmt"
	"path"
	"time"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// bare is the session with a service that is no database: nothing is asked of
// it, and nothing of it is known but its program.
type bare struct {
	program  string
	commands Commands
}

var _ engine.Session = bare{}

// Bare is a session of the engine exec, to put the commands around.
func Bare(t quiesce.Target, c Commands) engine.Session {
	program := ""
	if len(t.Args) > 0 {
		program = path.Base(t.Args[0])
	}
	return bare{program, c}
}

// Preflight wants a command: without one a checkpoint is a freeze.
func (b bare) Preflight(context.Context) (quiesce.Report, error) {
	if b.commands.Quiesce == "" {
		return quiesce.Report{}, &quiesce.Refusal{Class: quiesce.ErrUnsupported,
			What:   "nothing is known of how to make this service quiet",
			Remedy: "name a command with the label lull/quiesce-exec, or be content with lull/require=crash-consistent"}
	}
	return quiesce.Report{}, nil
}

func (bare) Plan(context.Context, bool, time.Duration) ([]manifest.Held, error) { return nil, nil }

// Release is of something that a session of this kind never held.
func (bare) Release(_ context.Context, held []manifest.Held) error {
	return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: fmt.Sprintf("nothing of lull's here is called %q", held[0].Setting)}
}

func (bare) Flush(context.Context) error { return nil }

func (bare) Drain(context.Context, time.Duration, quiesce.Policy) (manifest.Transactions, error) {
	return manifest.Transactions{}, nil
}

// Fence is refused: what a command holds back nobody can prove at the freeze.
func (bare) Fence(context.Context, time.Duration) ([]manifest.Held, error) {
	return nil, &quiesce.Refusal{Class: quiesce.ErrFence,
		What:   "a command is no fence that can be proven",
		Remedy: "leave lull/mode and lull/require=clean out: lull/quiesce-exec may hold writers back all the same"}
}

func (bare) Ping(context.Context) error { return nil }

func (b bare) Evidence(context.Context) (manifest.Database, error) {
	return manifest.Database{Engine: quiesce.Exec, Identity: map[string]string{"program": b.program}}, nil
}

func (bare) InFlight(context.Context) (int, error) { return 0, nil }

func (b bare) Verify(_ context.Context, recorded manifest.Database) (v quiesce.Verdict, _ error) {
	was := recorded.Identity["program"]
	v.Compare("program", was == b.program, was, b.program)
	return v, nil
}

func (bare) Close() error { return nil }

// Pid is none: there is no process.
func (bare) Pid() int { return 0 }

// Kill has nothing to end.
func (bare) Kill() error { return nil }
