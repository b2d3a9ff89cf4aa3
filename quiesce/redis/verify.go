package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// Verify compares the live server with what was recorded. It is about the
// process that came back: a server that was started anew has another run_id. A
// server that loads its data is waited for until ctx ends; that is ErrNotReady
// then.
func (s *session) Verify(ctx context.Context, recorded manifest.Database) (quiesce.Verdict, error) {
	if recorded.Engine != s.engine {
		return quiesce.Verdict{Broken: []string{fmt.Sprintf("engine: recorded %q, found %q", recorded.Engine, s.engine)}}, nil
	}
	now, err := s.ready(ctx)
	if err != nil {
		return quiesce.Verdict{}, err
	}
	v := compare(recorded, now)
	return v, s.checkReleased(ctx, &v)
}

// readyPause is the time between two looks at a server that starts.
const readyPause = 20 * time.Millisecond

// ready reads the evidence as soon as the server is ready for it. When the
// time runs out the error is what was waited for, if that was seen.
func (s *session) ready(ctx context.Context) (manifest.Database, error) {
	for {
		now, err := s.Evidence(ctx)
		if err == nil || !errors.Is(err, quiesce.ErrNotReady) {
			return now, err
		}
		if wait.Sleep(ctx, readyPause) != nil {
			return now, err
		}
	}
}

// compare is the verdict on identity, role and position.
func compare(recorded, now manifest.Database) quiesce.Verdict {
	var v quiesce.Verdict
	for _, key := range slices.Sorted(maps.Keys(recorded.Identity)) {
		was, is := recorded.Identity[key], now.Identity[key]
		v.Compare(key, was == is, was, is)
	}
	if recorded.Role != "" {
		v.Compare("role", recorded.Role == now.Role, recorded.Role, now.Role)
	}
	was, is := recorded.Position[keyOffset], now.Position[keyOffset]
	v.Compare(keyOffset, !behind(was, is), was, is)
	compareKeys(&v, recorded.Position, now.Position)
	return v
}

// compareKeys compares how many keys there are, those that expire apart. After
// a write, one that had waited for the fence for example, the counts are told
// and not compared.
func compareKeys(v *quiesce.Verdict, recorded, now map[string]string) {
	untouched := true
	for _, key := range []string{keyChanges, keySaved, keyEvicted} {
		untouched = untouched && recorded[key] == now[key]
	}
	for _, key := range slices.Sorted(maps.Keys(recorded)) {
		db, ok := strings.CutPrefix(key, keyKeys)
		if !ok {
			continue
		}
		what, was, is := "keys that never expire in "+db, recorded[key], cmp.Or(now[key], "0")
		if untouched {
			v.Compare(what, was == is, was, is)
			continue
		}
		v.Checked = append(v.Checked, fmt.Sprintf("%s: recorded %s, found %s, not compared because something was written since", what, was, is))
	}
}

// behind is true of a count that is less than it was, or is none.
func behind(was, is string) bool {
	before, err := strconv.ParseInt(was, 10, 64)
	if err != nil {
		return false
	}
	after, err := strconv.ParseInt(is, 10, 64)
	return err != nil || after < before
}
