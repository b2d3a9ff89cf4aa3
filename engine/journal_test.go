package engine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lull-containers/lull/manifest"
)

var pauseUntil = manifest.Held{Setting: "CLIENT PAUSE", Ours: "5000", Release: manifest.ByExpiry}

// lastingCut is a cut whose driver will change what outlives its session.
func lastingCut(t *testing.T, s *conversation) *Cut {
	t.Helper()
	s.pid, s.plan = os.Getpid(), []manifest.Held{pauseUntil}
	k := fencedCut(t, s)
	k.c.Paths.State = t.TempDir()
	return k
}

func journalled(k *Cut) bool {
	_, err := os.Stat(filepath.Join(k.c.Paths.State, journalName))
	return !errors.Is(err, fs.ErrNotExist)
}

func TestReleaseAfterTheThaw(t *testing.T) {
	s := &conversation{}
	k := lastingCut(t, s)
	calmed(t, k)
	if !journalled(k) || len(s.released) != 0 {
		t.Fatalf("before the freeze: journal %t, released %v", journalled(k), s.released)
	}
	if err := k.Freeze(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.released) != 0 {
		t.Fatal("released while frozen")
	}
	_ = k.Thaw(t.Context()) // the file of the test's freezer says what it said
	if len(s.released) != 1 || s.released[0] != pauseUntil || journalled(k) {
		t.Errorf("released %v, journal %t", s.released, journalled(k))
	}
}

// What the last flush has ended is nobody's business any more; a flush that
// fails has ended nothing.
func TestWhatAFlushEnds(t *testing.T) {
	dirty := manifest.Held{Setting: "innodb_max_dirty_pages_pct", Prior: "90", Ours: "0", Release: manifest.ByFlush}
	for call, want := range map[string][]manifest.Held{"": nil, "fence": {dirty}, "flush": {dirty}} {
		s := &conversation{fails: call}
		k := lastingCut(t, s)
		s.plan = []manifest.Held{dirty}
		calmed(t, k)
		if !slices.Equal(s.released, want) || journalled(k) || len(k.lasting) > 0 {
			t.Errorf("fails %q: released %v, journal %t, lasting %v", call, s.released, journalled(k), k.lasting)
		}
	}
}

func TestReleaseWhenTheQuiesceFails(t *testing.T) {
	for _, call := range []string{"flush", "drain", "evidence"} {
		s := &conversation{fails: call}
		k := lastingCut(t, s)
		calmed(t, k)
		if len(s.released) != 1 || journalled(k) {
			t.Errorf("%s: released %v, journal %t", call, s.released, journalled(k))
		}
	}
}

// A fence that cannot be had ends nothing of what lull/quiesce-exec did.
func TestAFenceThatFailsKeepsTheCommand(t *testing.T) {
	s := &conversation{fails: "fence"}
	k := lastingCut(t, s)
	command := manifest.Held{Setting: SettingCommand, Ours: "go", Release: manifest.ByStatement}
	s.plan = append(s.plan, command)
	calmed(t, k)
	if len(s.released) != 1 || s.released[0] != pauseUntil || !journalled(k) {
		t.Fatalf("before the freeze: released %v, journal %t", s.released, journalled(k))
	}
	_ = k.Thaw(t.Context())
	if len(s.released) != 2 || s.released[1] != command || journalled(k) {
		t.Errorf("after the thaw: released %v, journal %t", s.released, journalled(k))
	}
}

// After the thaw a release is tried again, and what succeeded is not.
func TestAThawInsists(t *testing.T) {
	s := &conversation{}
	k := lastingCut(t, s)
	s.plan = append(s.plan, manifest.Held{Setting: SettingCommand, Ours: "go", Release: manifest.ByStatement})
	calmed(t, k)
	s.refuses = 2 // by the session and by another one
	_ = k.Thaw(t.Context())
	if len(s.released) != 2 || s.released[0].Setting != SettingCommand || journalled(k) {
		t.Errorf("released %v, journal %t", s.released, journalled(k))
	}
}

func TestWhatCannotBeReleasedStaysInTheJournal(t *testing.T) {
	s := &conversation{fails: "release"}
	k := lastingCut(t, s)
	calmed(t, k)
	if err := k.release(t.Context()); !errors.Is(err, errDriver) || !journalled(k) {
		t.Errorf("%v, journal %t", err, journalled(k))
	}
}

func TestTheNextCheckpointReleasesWhatIsInTheJournal(t *testing.T) {
	s := &conversation{}
	k := lastingCut(t, s)
	s.plan = nil
	if err := writeJournal(k.c.Paths.State, []manifest.Held{pauseUntil}); err != nil {
		t.Fatal(err)
	}
	if calmed(t, k); k.reason != nil {
		t.Fatal(k.reason)
	}
	if len(s.released) != 1 || journalled(k) {
		t.Errorf("released %v, journal %t", s.released, journalled(k))
	}
}

// What an earlier checkpoint could not release stays until it is released,
// whatever later ones enter and strike.
func TestTheJournalMerges(t *testing.T) {
	dir := t.TempDir()
	old, later := manifest.Held{Setting: "old", Release: manifest.ByStatement}, manifest.Held{Setting: "later", Release: manifest.ByStatement}
	for _, h := range []manifest.Held{old, later, later} {
		if err := enter(dir, []manifest.Held{h}); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := readJournal(dir); err != nil || len(all) != 2 {
		t.Fatalf("%v, %v", all, err)
	}
	if err := strike(dir, []manifest.Held{later}); err != nil {
		t.Fatal(err)
	}
	if all, err := readJournal(dir); err != nil || len(all) != 1 || all[0] != old {
		t.Fatalf("%v, %v", all, err)
	}
	if err := strike(dir, []manifest.Held{old}); err != nil {
		t.Fatal(err)
	}
	if all, err := readJournal(dir); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

func TestLastingOf(t *testing.T) {
	held := []manifest.Held{{Setting: "a lock", Release: manifest.BySession}, pauseUntil}
	if got := lastingOf(held); len(got) != 1 || got[0] != pauseUntil {
		t.Errorf("%v", got)
	}
}
