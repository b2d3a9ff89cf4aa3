package redis

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

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
	now, err := wait.Ready(ctx, s.Evidence)
	if err != nil {
		return quiesce.Verdict{}, err
	}
	v := compare(recorded, now)
	return v, s.checkReleased(ctx, &v)
}

// compare is the verdict on identity, role and position.
func compare(recorded, now manifest.Database) quiesce.Verdict {
	var v quiesce.Verdict
	v.CompareIdentity(recorded, now)
	v.CompareRole(recorded, now)
	if was, is := recorded.Position[keyOffset], now.Position[keyOffset]; recorded.Position != nil {
		v.Compare(keyOffset, !behind(was, is), was, is)
	}
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
