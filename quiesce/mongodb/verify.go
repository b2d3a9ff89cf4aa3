package mongodb

import (
	"context"
	"fmt"
	"slices"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// Verify compares the live server with what was recorded. A member that starts
// or votes is waited for until ctx ends; that is ErrNotReady then.
func (s *session) Verify(ctx context.Context, recorded manifest.Database) (quiesce.Verdict, error) {
	if recorded.Engine != quiesce.MongoDB {
		return quiesce.Verdict{Broken: []string{fmt.Sprintf("engine: recorded %q, found %q", recorded.Engine, quiesce.MongoDB)}}, nil
	}
	now, err := wait.Ready(ctx, func(ctx context.Context) (manifest.Database, error) { return s.look(ctx, recorded) })
	if err != nil {
		return quiesce.Verdict{}, err
	}
	v := compare(recorded, now)
	if err := s.compareHistory(ctx, &v, recorded, now); err != nil {
		return v, err
	}
	v.Require("no fsyncLock holds writers back", now.Position[keyLocked] != "somebody's",
		"writers are held back by somebody's fsyncLock: end it with db.fsyncUnlock()")
	return v, nil
}

// look reads the evidence of a server that is ready for it: a member alone in
// its set becomes primary again by itself.
func (s *session) look(ctx context.Context, recorded manifest.Database) (manifest.Database, error) {
	now, err := s.Evidence(ctx)
	if err == nil && electsItself(recorded, now) {
		err = &quiesce.Refusal{Class: quiesce.ErrNotReady, What: "the member is alone in its set and has not elected itself yet",
			Remedy: "raise lull/restore-deadline, or see its log"}
	}
	return now, err
}

// electsItself is true of a member that was primary with nobody else in the
// set.
func electsItself(recorded, now manifest.Database) bool {
	return recorded.Role == "primary" && now.Role == "secondary" && len(now.Lineage) == 0
}

// compare is the verdict on identity, role and position. Among several members
// the role is told only: they vote.
func compare(recorded, now manifest.Database) quiesce.Verdict {
	var v quiesce.Verdict
	v.CompareIdentity(recorded, now)
	v.Compare("role", recorded.Role == now.Role || len(now.Lineage) > 0 && now.Role != "standalone", recorded.Role, now.Role)
	for _, key := range []string{keyConfig, keyApplied, keyDurable, keyCommitted} {
		if was, is := recorded.Position[key], now.Position[key]; was != "" {
			v.Compare(key, !behind(was, is), was, is)
		}
	}
	return v
}

// behind is true of an optime, or a configuration, that comes before another,
// or is none. The term decides first.
func behind(was, is string) bool {
	before, ok := numbers(was)
	if !ok {
		return false
	}
	after, ok := numbers(is)
	return !ok || slices.Compare(after, before) < 0
}

// numbers are those of term:seconds.increment, or of term:version.
func numbers(text string) ([]int64, bool) {
	n := make([]int64, 3)
	if got, _ := fmt.Sscanf(text, "%d:%d.%d", &n[0], &n[1], &n[2]); got < 2 {
		return nil, false
	}
	return n, true
}
