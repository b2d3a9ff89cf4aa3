package mysqlproto

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// Verify compares the live server with what was recorded. A server that
// cannot be asked yet is waited for until ctx ends; that is ErrNotReady then.
func (s *Session) Verify(ctx context.Context, recorded manifest.Database) (quiesce.Verdict, error) {
	if recorded.Engine != s.engine.Name() {
		return quiesce.Verdict{Broken: []string{fmt.Sprintf("engine: recorded %q, found %q", recorded.Engine, s.engine.Name())}}, nil
	}
	now, err := wait.Ready(ctx, s.Evidence)
	if err != nil {
		return quiesce.Verdict{}, err
	}
	v, err := s.compare(ctx, recorded, now)
	if err != nil {
		return quiesce.Verdict{}, err
	}
	return v, s.checkReleased(ctx, &v)
}

// compare is the verdict on identity, role and position.
func (s *Session) compare(ctx context.Context, recorded, now manifest.Database) (v quiesce.Verdict, err error) {
	v.CompareIdentity(recorded, now)
	v.CompareRole(recorded, now)
	for _, key := range slices.Sorted(maps.Keys(recorded.Position)) {
		was, is := recorded.Position[key], now.Position[key]
		if key == KeyPrepared {
			v.Checked = append(v.Checked, fmt.Sprintf("prepared transactions: recorded %s, found %s", was, is))
			continue
		}
		reached, err := s.reached(ctx, key, was, is)
		if err != nil {
			return v, err
		}
		v.Compare(quiesce.Words(key), reached, was, is)
	}
	return v, nil
}

// reached is true unless what the server has now is behind what it had.
func (s *Session) reached(ctx context.Context, key, was, is string) (bool, error) {
	switch {
	case strings.HasPrefix(key, gtidPrefix):
		return s.engine.Reached(ctx, s, was, is)
	case key == KeyBinaryLog:
		return !earlier(is, was), nil
	}
	return Uint(is) >= Uint(was), nil
}

// earlier compares places in the binary log; the files are numbered.
func earlier(a, b string) bool {
	fileA, at := place(a)
	fileB, bt := place(b)
	return fileA < fileB || fileA == fileB && at < bt
}

// place is the number of the file and the position in it, zeros for neither.
func place(text string) (file, position uint64) {
	name, at, _ := strings.Cut(text, ":")
	return Uint(name[strings.LastIndexByte(name, '.')+1:]), Uint(at)
}

// releaseTime bounds the wait for the server to notice closed connections.
const releaseTime = 3 * time.Second

// checkReleased sees that no other session of ours holds the tables back: in a
// restored copy, the fence of the checkpoint must have died with its
// connections.
func (s *Session) checkReleased(ctx context.Context, v *quiesce.Verdict) error {
	bound, cancel := context.WithTimeout(ctx, releaseTime)
	defer cancel()
	free := false
	err := wait.Until(bound, func() (_ bool, err error) {
		free, err = s.free(ctx)
		return free, err
	})
	if err != nil && (!wait.Spent(err) || ctx.Err() != nil) {
		return err
	}
	v.Require("no other session of lull's holds a table", free, "another session of lull's holds the tables: writers wait for it")
	return nil
}

// free is true when no fence but our own stands.
func (s *Session) free(ctx context.Context) (bool, error) {
	row, err := s.Row(ctx, "looking for a fence", "SELECT IS_USED_LOCK(?) AS holder", fenceName)
	if err != nil {
		return false, err
	}
	own := s.fence != nil && s.fence.guard.id == row["holder"]
	return row["holder"] == "" || own, nil
}
