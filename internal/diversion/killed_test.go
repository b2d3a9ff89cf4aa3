package diversion

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An installation that is killed after any of its actions can be taken away, and
// so can one whose end was killed.
func TestKilled(t *testing.T) {
	one := newHost(t)
	for n := 1; ; n++ {
		h := one.another(t)
		p, err := h.wanted(h.v1).Plan()
		if err != nil {
			t.Fatal(err)
		}
		if n > len(p.Actions) {
			break
		}
		h.killed(t, p, n)
		h.uninstall(t, nil)
		h.want(t, bare)
	}
	for _, plan := range []func(h host) (Plan, error){
		func(h host) (Plan, error) { return h.wanted(h.v2).Plan() },
		func(h host) (Plan, error) { return GiveBack(h.record) },
		func(h host) (Plan, error) { return Removal(h.record, nil, nil) },
	} {
		for n := 1; ; n++ {
			h := one.another(t)
			carry(t, h.wanted(h.v1))
			p, err := plan(h)
			if err != nil {
				t.Fatal(err)
			}
			if n > len(p.Actions) {
				break
			}
			h.killed(t, p, n)
			if n%2 == 0 { // or be gone on with
				carry(t, h.wanted(h.v2))
				h.want(t, second)
			}
			h.uninstall(t, nil)
			h.want(t, bare)
		}
	}
}

// killed does the first n actions of a plan, and leaves what a copy under way
// leaves.
func (h host) killed(t *testing.T, p Plan, n int) {
	t.Helper()
	for _, a := range p.Actions[:n] {
		if err := a.do(); err != nil {
			t.Fatal(err)
		}
	}
	stock(t, filepath.Join(h.bin, "."+Agent+next+"123"), "half a program")
}

// A container that is started while an installation proves itself keeps what it
// needs when that fails, and a later uninstall takes it away.
func TestStartedMeanwhile(t *testing.T) {
	h := newHost(t)
	w := h.wanted(h.v1)
	var use Use
	w.Running = func() Use { return use }
	p, err := w.Plan()
	if err != nil {
		t.Fatal(err)
	}
	err = p.Carry(t.Context(), func(context.Context) error {
		use = Use{{Exe: filepath.Join(h.bin, LullShim), Path: h.shim}}
		return errors.New("no container starts")
	})
	if !errors.Is(err, ErrLeft) || !strings.Contains(err.Error(), "stays") {
		t.Errorf("%v", err)
	}
	want := version("1")
	want[StockShim] = "stock shim"
	delete(want, StockShim+Kept)
	h.want(t, want)
	if r, err := ReadRecord(h.record); err != nil || len(r.Shims) > 0 || !slices.Contains(r.Files, filepath.Join(h.bin, Agent)) {
		t.Errorf("record %+v, %v", r, err)
	}
	h.uninstall(t, nil)
	h.want(t, bare)
}
