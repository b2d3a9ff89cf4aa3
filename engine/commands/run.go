package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lull-containers/lull/quiesce"
)

// run runs one command within its own timeout and ctx. The error is a refusal
// that quotes what the command said.
func (s *session) run(ctx context.Context, phase, text string) error {
	label := "lull/" + phase + "-exec"
	argv, err := Argv(text)
	if err != nil {
		return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: fmt.Sprintf("%s: %v", label, err)}
	}
	_, err = s.runAs(ctx, phase, label, argv)
	return err
}

func (s *session) runAs(ctx context.Context, phase, label string, argv []string) (Result, error) {
	within, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	began := time.Now()
	r, err := s.runner.Run(within, phase, argv)
	switch {
	case err != nil && within.Err() != nil:
		return r, s.late(ctx, phase, label, r, time.Since(began))
	case err != nil:
		return r, &quiesce.Refusal{Class: quiesce.ErrUnsupported,
			What:   fmt.Sprintf("%s did not run: %v", label, err),
			Remedy: "the command has to be in the container, and lives by its user and environment"}
	case r.Code != 0:
		return r, &quiesce.Refusal{Class: classOf(phase),
			What:   fmt.Sprintf("%s failed with exit code %d: %s", label, r.Code, r.said()),
			Remedy: "try it with an exec into the container"}
	}
	return r, nil
}

// late says whose time was over.
func (s *session) late(ctx context.Context, phase, label string, r Result, took time.Duration) error {
	whose := "lull/exec-timeout"
	if ctx.Err() != nil {
		whose = "lull/pause-budget"
		if phase == PhaseReady {
			whose = "lull/restore-deadline"
		}
	}
	return &quiesce.Refusal{Class: errors.Join(classOf(phase), context.DeadlineExceeded),
		What:   fmt.Sprintf("%s did not end and was killed after %s: %s", label, took.Round(time.Millisecond), r.said()),
		Remedy: "make it faster, or raise " + whose}
}

func classOf(phase string) error {
	if phase == PhaseReady {
		return quiesce.ErrNotReady
	}
	return quiesce.ErrUnsupported
}
