package main

import (
	"net/netip"
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
	l, err := w.app.reserve(c, publishAt{netip.MustParseAddrPort("127.0.0.1:0")})
	w.check(err)
	if !c.Published.IsValid() || c.Published.String() != l.Addr().String() {
		t.Errorf("published at %s, listens at %s", c.Published, l.Addr())
	}
	if again, err := w.app.reserve(c, publishAt{}); again != nil || err != nil {
		t.Errorf("while somebody listens for it: %v, %v", again, err)
	}
	w.check(c.Set(func(r *clone.Record) { r.Published = netip.AddrPort{} }))
	if _, err := w.app.reserve(c, publishAt{netip.MustParseAddrPort(l.Addr().String())}); codeOf(t.Context(), err) != exitExists {
		t.Errorf("in use: %v", err)
	}
	w.check(l.Close())
	if err := ignoreClosed(l.Close()); err != nil {
		t.Errorf("a listener that is closed: %v", err)
	}
}

// What is in stock of a pool that is gone is rubbish; what was taken is not.
func TestRubbishOfAPool(t *testing.T) {
	w := newWorld(t)
	h, err := w.app.house()
	w.check(err)
	w.check(h.NewPool(clone.Pool{Name: "there", Checkpoint: exampleManifest().ID}))
	for _, tc := range []struct {
		record clone.Record
		want   bool
	}{
		{clone.Record{Phase: clone.Ready, Pool: "there"}, false},
		{clone.Record{Phase: clone.Ready, Pool: "gone"}, true},
		{clone.Record{Phase: clone.Ready, Pool: "gone", Taken: true}, false},
		{clone.Record{Phase: clone.Resetting, Pool: "gone"}, false},
		{clone.Record{Phase: clone.Making, Pool: "there"}, true},
	} {
		if got := rubbish(h, tc.record, tc.record.Created); got != tc.want {
			t.Errorf("%+v: %v", tc.record, got)
		}
	}
}
