package redis

import (
	"context"
	"errors"

	"github.com/lull-containers/lull/quiesce"
)

// allowed asks whether the account may run some commands, by queueing them in
// a transaction that is thrown away: rights are checked when a command is
// queued. An account that may not even do that is told when it matters.
func (s *session) allowed(ctx context.Context, commands ...[]any) (err error) {
	for _, command := range []string{"DISCARD", "MULTI"} { // there is nothing to discard: it says whether it may be
		_, err := s.do(ctx, "asking for privileges", command)
		if errors.Is(err, quiesce.ErrPrivilege) {
			return nil
		}
		if err != nil && codeOf(err) == "" {
			return err
		}
	}
	defer func() {
		_, discard := s.do(ctx, "asking for privileges", "DISCARD")
		if err == nil {
			err = discard
		}
	}()
	for _, c := range commands {
		answer, err := s.do(ctx, "asking for privileges", c...)
		if err != nil {
			return err
		}
		if answer != "QUEUED" { // a new connection, where nothing is queued
			return &quiesce.Refusal{Class: quiesce.ErrNotReady, What: s.name() + " broke off while asking for privileges", Remedy: "see its log"}
		}
	}
	return nil
}
