package quiescetest

import (
	"reflect"
	"testing"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

func evidence(t *testing.T, session quiesce.Session) manifest.Database {
	t.Helper()
	d, err := session.Evidence(within(t))
	must(t, err)
	return d
}

func evidenceStable(t *testing.T, s *suite) {
	first, second := evidence(t, s.open(t)), evidence(t, s.open(t))
	if len(first.Identity) == 0 || len(first.Position) == 0 || first.Role == "" || first.Engine != s.harness.Driver().Name() {
		t.Errorf("evidence lacks identity, position, role or engine: %+v", first)
	}
	first.Position, second.Position = nil, nil
	if !reflect.DeepEqual(first, second) {
		t.Errorf("evidence of one server changed from\n%+v\nto\n%+v", first, second)
	}
}

func verify(t *testing.T, session quiesce.Session, recorded manifest.Database) quiesce.Verdict {
	t.Helper()
	v, err := session.Verify(within(t), recorded)
	must(t, err)
	if len(v.Checked) == 0 {
		t.Error("a verdict that checked nothing")
	}
	return v
}

func holds(t *testing.T, v quiesce.Verdict) {
	t.Helper()
	if len(v.Broken) > 0 {
		t.Errorf("verify says broken: %q", v.Broken)
	}
}

func breaks(t *testing.T, v quiesce.Verdict, why string) {
	t.Helper()
	if len(v.Broken) == 0 {
		t.Errorf("verify passed on %s; checked %q", why, v.Checked)
	}
}

func verifySame(t *testing.T, s *suite) {
	session := s.open(t)
	recorded := evidence(t, session)
	must(t, s.server.Client(t).Write(within(t)))
	holds(t, verify(t, session, recorded))
	holds(t, verify(t, s.open(t), recorded))
}

// verifyCrashed: what was acknowledged outlives a crash, and the session that
// lost its connection finds the way back.
func verifyCrashed(t *testing.T, s *suite) {
	session := s.open(t)
	must(t, session.Flush(within(t)))
	must(t, s.server.Client(t).Write(within(t)))
	recorded, before := evidence(t, session), rows(t, s.server)
	s.server.Crash(t)
	if s.traits.NewIdentity {
		breaks(t, verify(t, session, recorded), "a server that was started anew")
	} else {
		holds(t, verify(t, session, recorded))
	}
	if after := rows(t, s.server); after != before {
		t.Errorf("%d rows before the crash, %d after", before, after)
	}
}

func verifyOtherIdentity(t *testing.T, s *suite) {
	other := s.harness.Start(t)
	breaks(t, verify(t, s.openAt(t, other.Target()), evidence(t, s.open(t))), "another server")
}

func verifyOlder(t *testing.T, s *suite) {
	older := s.server.Copy(t)
	must(t, s.server.Client(t).Write(within(t)))
	for range 3 { // beyond whatever the copy's own start has added to its log
		must(t, s.open(t).Flush(within(t)))
	}
	recorded := evidence(t, s.open(t))
	breaks(t, verify(t, s.openAt(t, older.Target()), recorded), "an older copy")
}

// verifyFenced: a fence that is left over breaks the promise until it is gone.
func verifyFenced(t *testing.T, s *suite) {
	session, left := s.open(t), s.open(t)
	recorded := evidence(t, session)
	_, err := left.Fence(within(t), long)
	must(t, err)
	holds(t, verify(t, left, recorded)) // its own fence is no surprise
	if !s.traits.FenceHidden {
		breaks(t, verify(t, session, recorded), "a server that somebody's fence holds")
	}
	must(t, left.Close())
	holds(t, verify(t, session, recorded))
}
