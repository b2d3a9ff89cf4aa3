package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/clone"
)

func TestPublishAt(t *testing.T) {
	for text, want := range map[string]string{
		"5433": "127.0.0.1:5433", "0.0.0.0:5433": "0.0.0.0:5433", "[::1]:0": "[::1]:0", "0": "127.0.0.1:0",
		"": "", "localhost:1": "", "127.0.0.1": "", "127.0.0.1:": "", "127.0.0.1:65536": "", "127.0.0.1:-1": "", "::1:80:90": "",
	} {
		var p publishAt
		if err := p.Set(text); (err == nil) != (want != "") || p.String() != want {
			t.Errorf("%q: %q, %v", text, p.String(), err)
		}
	}
}

func TestPublishAtIsOneClones(t *testing.T) {
	at := func(text string) publishAt { return publishAt{netip.MustParseAddrPort(text)} }
	for _, tc := range []struct {
		at       publishAt
		clones   int
		isolated bool
		ok       bool
	}{
		{publishAt{}, 3, true, true},
		{at("0.0.0.0:5433"), 1, false, true},
		{at("0.0.0.0:5433"), 2, false, false},
		{at("0.0.0.0:0"), 2, false, true},
		{at("0.0.0.0:0"), 1, true, false},
		{at("127.0.0.1:5433"), 1, true, true},
	} {
		if err := tc.at.check(tc.clones, tc.isolated); (err == nil) != tc.ok {
			t.Errorf("%+v: %v", tc, err)
		}
	}
}

// An address is refused that is in use, and kept for a clone that had it.
func TestReserve(t *testing.T) {
	w := newWorld(t)
	h := w.addClone(exampleManifest().ID, nil)
	c, err := h.Open(testID)
	w.check(err)
	w.check(c.Set(func(r *clone.Record) { r.Port = 5432 }))
	r := c.Record
	l, err := reserve(&r, publishAt{netip.MustParseAddrPort("127.0.0.1:0")})
	w.check(err)
	if !r.Published.IsValid() || r.Published.String() != l.Addr().String() {
		t.Errorf("published at %s, listens at %s", r.Published, l.Addr())
	}
	if again, err := reserve(&r, publishAt{}); again != nil || err != nil {
		t.Errorf("while somebody listens for it: %v, %v", again, err)
	}
	r.Published = netip.AddrPort{}
	taken := publishAt{netip.MustParseAddrPort(l.Addr().String())}
	if _, err := reserve(&r, taken); codeOf(t.Context(), err) != exitExists {
		t.Errorf("in use: %v", err)
	}
	// What cannot be published is not taken either.
	if err := w.app.mark(c, clone.Pool{}, cloneOptions{publish: taken}); err == nil || c.Taken || c.Published.IsValid() {
		t.Errorf("%+v, %v", c.Record, err)
	}
	w.check(l.Close())
	if err := ignoreClosed(l.Close()); err != nil {
		t.Errorf("a listener that is closed: %v", err)
	}
}

// A publisher goes on while its clone's record cannot be read.
func TestPublisherEndsWithItsClone(t *testing.T) {
	w := newWorld(t)
	h := w.addClone(exampleManifest().ID, nil)
	was, err := h.Read(testID)
	w.check(err)
	path := filepath.Join(h.Dir(testID), "clone.json")
	whole, err := os.ReadFile(path)
	w.check(err)
	w.check(os.WriteFile(path, []byte("{"), 0o600))
	if !sameClone(h, was) {
		t.Error("while the record cannot be read")
	}
	w.check(os.WriteFile(path, whole, 0o600))
	other := was
	other.Created = other.Created.Add(1)
	if sameClone(h, other) {
		t.Error("of another clone of its name")
	}
	w.check(os.RemoveAll(h.Dir(testID)))
	if sameClone(h, was) {
		t.Error("of none")
	}
}
