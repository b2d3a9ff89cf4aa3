package commands

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// session runs the commands around a database's own session. What quiesce-exec
// did is planned before it runs, so that release-exec follows whatever happens.
type session struct {
	engine.Session
	commands Commands
	runner   Runner
	timeout  time.Duration // of one command
	quiesced bool          // quiesce-exec has run in this session
}

// Around is inner with the commands around it. Each command may take timeout.
func Around(inner engine.Session, c Commands, r Runner, timeout time.Duration) engine.Session {
	return &session{Session: inner, commands: c, runner: r, timeout: timeout}
}

// Plan adds what release-exec has to undo.
func (s *session) Plan(ctx context.Context, fence bool, hold time.Duration) ([]manifest.Held, error) {
	held, err := s.Session.Plan(ctx, fence, hold)
	if err != nil || s.commands.Quiesce == "" || s.commands.Release == "" {
		return held, err
	}
	return append(held, manifest.Held{Setting: engine.SettingCommand, Ours: s.commands.Release, Release: manifest.ByStatement}), nil
}

// Flush runs quiesce-exec, once, and then flushes what the database itself
// flushes.
func (s *session) Flush(ctx context.Context) error {
	if s.commands.Quiesce != "" && !s.quiesced {
		s.quiesced = true
		if err := s.run(ctx, PhaseQuiesce, s.commands.Quiesce); err != nil {
			return err
		}
	}
	return s.Session.Flush(ctx)
}

// Release undoes in the opposite order; a failure of one stops nobody.
func (s *session) Release(ctx context.Context, held []manifest.Held) error {
	var theirs []manifest.Held
	var command string
	for _, h := range held {
		if h.Setting == engine.SettingCommand {
			command = h.Ours
		} else {
			theirs = append(theirs, h)
		}
	}
	var err error
	if len(theirs) > 0 {
		err = s.Session.Release(ctx, theirs)
	}
	return errors.Join(err, s.release(ctx, command))
}

// release runs the container's own release-exec, else the one that was
// recorded; a restored copy may be labelled anew.
func (s *session) release(ctx context.Context, recorded string) error {
	if recorded == "" {
		return nil
	}
	command := recorded
	if s.commands.Release != "" {
		command = s.commands.Release
	}
	return s.run(ctx, PhaseRelease, command)
}

// readyPause is the time between two attempts of ready-exec.
const readyPause = 100 * time.Millisecond

// Verify compares what the database shows, and waits for ready-exec.
func (s *session) Verify(ctx context.Context, recorded manifest.Database) (quiesce.Verdict, error) {
	v, err := s.Session.Verify(ctx, recorded)
	if err != nil || s.commands.Ready == "" || len(v.Broken) > 0 {
		return v, err
	}
	if err := s.ready(ctx); err != nil {
		return v, err
	}
	v.Require("lull/ready-exec succeeded", true, "")
	return v, nil
}

// ready tries until ctx ends; the error is then of the last attempt.
func (s *session) ready(ctx context.Context) error {
	for {
		err := s.run(ctx, PhaseReady, s.commands.Ready)
		if err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(readyPause):
		}
	}
}

// Ask answers a validation: by the database where it can, else a command's
// standard output.
func (s *session) Ask(ctx context.Context, query string) (quiesce.Answer, error) {
	if v, ok := s.Session.(quiesce.Validator); ok {
		return v.Ask(ctx, query)
	}
	argv, err := Argv(query)
	if err != nil {
		return quiesce.Answer{}, err
	}
	r, err := s.runAs(ctx, PhaseValidate, "the command", argv)
	if err != nil {
		return quiesce.Answer{}, err
	}
	return quiesce.NewAnswer(strings.TrimRight(r.Stdout, "\r\n"), r.Truncated)
}

// Execute has the database run statements; a service that is none has none.
func (s *session) Execute(ctx context.Context, statements string) error {
	if e, ok := s.Session.(quiesce.Executor); ok {
		return e.Execute(ctx, statements)
	}
	return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: "lull runs no statements in this service", Remedy: "leave lull/on-clone out"}
}

// Writes is the database's own count; commands have none.
func (s *session) Writes(ctx context.Context) (string, error) {
	if v, ok := s.Session.(quiesce.Validator); ok {
		return v.Writes(ctx)
	}
	return "", nil
}

// PendingIO is the database's own word, where it has one.
func (s *session) PendingIO(ctx context.Context) (int, error) {
	if w, ok := s.Session.(quiesce.IOWitness); ok {
		return w.PendingIO(ctx)
	}
	return 0, &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: "nobody can tell whether a request of native AIO is under way"}
}
