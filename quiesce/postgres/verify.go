package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// Verify compares the live server with what was recorded. A server that
// cannot be asked yet, or is still in recovery where a primary was recorded,
// is waited for until ctx ends; that is ErrNotReady then.
func (s *session) Verify(ctx context.Context, recorded manifest.Database) (quiesce.Verdict, error) {
	if recorded.Engine != quiesce.Postgres {
		return quiesce.Verdict{Broken: []string{fmt.Sprintf("engine: recorded %q, found %q", recorded.Engine, quiesce.Postgres)}}, nil
	}
	now, err := wait.Ready(ctx, func(ctx context.Context) (manifest.Database, error) { return s.look(ctx, recorded) })
	if err != nil {
		return quiesce.Verdict{}, err
	}
	v := compare(recorded, now)
	return v, s.checkReleased(ctx, &v)
}

// look reads the evidence when the server is ready for it.
func (s *session) look(ctx context.Context, recorded manifest.Database) (manifest.Database, error) {
	now, err := s.Evidence(ctx)
	if err == nil && !arrived(recorded, now) {
		err = &quiesce.Refusal{Class: quiesce.ErrNotReady, What: "PostgreSQL is still in recovery", Remedy: "give it more time: lull/restore-deadline"}
	}
	return now, err
}

// arrived is false while more time may bring the server to what was recorded:
// a primary leaves recovery, a standby replays on.
func arrived(recorded, now manifest.Database) bool {
	if recorded.Role == "primary" && now.Role != "primary" {
		return false
	}
	goal := recorded.Position[keyReplay]
	return now.Role == "primary" || goal == "" || !behind(goal, now.Position[keyReplay])
}

// compare is the verdict on identity, role and position.
func compare(recorded, now manifest.Database) quiesce.Verdict {
	var v quiesce.Verdict
	v.CompareIdentity(recorded, now)
	v.CompareRole(recorded, now)
	for _, key := range slices.Sorted(maps.Keys(recorded.Position)) {
		was, is := recorded.Position[key], now.Position[key]
		if key == keyPrepared {
			v.Checked = append(v.Checked, fmt.Sprintf("prepared transactions: recorded %s, found %s", was, is))
			continue
		}
		v.Compare(quiesce.Words(key), !behind(was, is), was, is)
	}
	return v
}
