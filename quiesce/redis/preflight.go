package redis

import (
	"context"
	"time"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// Preflight refuses what cannot be checkpointed as it is: a sentinel
// (ErrUnsupported), a server that somebody paused, where it shows that, or
// whose fork does not end (ErrBusy), an account that may not do what is needed
// (ErrPrivilege), one that does not tell whether it saves (ErrPrivilege).
func (s *session) Preflight(ctx context.Context) (quiesce.Report, error) {
	facts, err := s.look(ctx)
	if err != nil {
		return quiesce.Report{}, err
	}
	c, err := s.configured(ctx)
	if err != nil {
		return quiesce.Report{}, err
	}
	for _, check := range []func(info) error{s.checkMode, s.checkPause, s.checkWritten} {
		if err := check(facts); err != nil {
			return quiesce.Report{}, err
		}
	}
	if err := s.checkKnown(c, facts); err != nil {
		return quiesce.Report{}, err
	}
	if c.cold(facts) == coldRDB {
		if err := s.allowed(ctx, []any{"BGSAVE"}); err != nil {
			return quiesce.Report{}, err
		}
	}
	if err := s.awaitChild(ctx); err != nil {
		return quiesce.Report{}, err
	}
	return quiesce.Report{Version: s.version(), Role: role(facts), Warnings: s.warnings(facts, c)}, nil
}

func (s *session) warnings(facts info, c config) []string {
	list := c.warnings(facts, s.name())
	if facts.mode() == "cluster" {
		list = append(list, "a node of a cluster: the others take it for failed when it is frozen for longer than cluster-node-timeout")
	}
	if role(facts) == "replica" {
		list = append(list, "a replica: what its primary sends cannot be fenced")
	}
	return list
}

func role(facts info) string {
	if facts["role"] == "slave" {
		return "replica"
	}
	return "primary"
}

func (s *session) checkMode(facts info) error {
	if facts.mode() != "sentinel" {
		return nil
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrUnsupported,
		What:   "this is a sentinel, which keeps no data",
		Remedy: "switch lull off for it with the label lull/engine=none",
	}
}

// checkPause respects a pause of somebody else's.
func (s *session) checkPause(facts info) error {
	if !facts.paused() || s.fence.stands(time.Now()) {
		return nil
	}
	return &quiesce.Refusal{
		Class: quiesce.ErrBusy,
		What: s.name() + " is paused already: " + facts["paused_reason"] + ", " + facts["paused_actions"] + ", for " +
			facts["paused_timeout_milliseconds"] + " ms more",
		Remedy: "let it pass, or end it with CLIENT UNPAUSE",
	}
}

// awaitChild waits until no fork runs, for half of the time that there is: a
// fork would be in the image too.
func (s *session) awaitChild(ctx context.Context) error {
	bound, cancel := context.WithTimeout(ctx, half(ctx))
	defer cancel()
	child := ""
	err := s.poll(bound, func(facts info) (bool, error) {
		child = facts.child()
		return child == "", nil
	})
	if child == "" || !wait.Spent(err) || ctx.Err() != nil {
		return err
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrBusy,
		What:   child + " of " + s.name() + " goes on",
		Remedy: "checkpoint again when it has ended, or raise lull/pause-budget",
	}
}

// half of the time that ctx gives; a bound of its own where there is none.
func half(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return time.Until(deadline) / 2
	}
	return answerTimeout
}
