package diversion

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// One shim under several names is diverted once, and given back once.
func TestOneShimManyNames(t *testing.T) {
	h := newHost(t)
	dir := filepath.Dir(h.shim)
	link(t, dir, dir+"-link")
	link(t, h.shim, filepath.Join(h.bin, StockShim)) // a symbolic link to the shim itself
	t.Chdir(dir)
	w := h.wanted(h.v1)
	w.Shims = []string{filepath.Join(h.bin, StockShim), StockShim, h.shim, filepath.Join(dir+"-link", StockShim)}
	carry(t, w)
	if err := os.Remove(filepath.Join(h.bin, StockShim)); err != nil {
		t.Fatal(err)
	}
	h.want(t, first)
	h.uninstall(t, nil)
	h.want(t, bare)
}

// A record that an older lull wrote may have it twice.
func TestOneShimTwiceRecorded(t *testing.T) {
	h := newHost(t)
	carry(t, h.wanted(h.v1))
	r, err := ReadRecord(h.record)
	if err != nil {
		t.Fatal(err)
	}
	r.Shims = append(r.Shims, r.Shims...)
	if err := r.write(h.record); err != nil {
		t.Fatal(err)
	}
	h.uninstall(t, nil)
	h.want(t, bare)
}

// A stock shim that was diverted since the plan is not diverted again, and the
// end of the attempt leaves it kept.
func TestDivertedMeanwhile(t *testing.T) {
	h := newHost(t)
	late, err := h.wanted(h.v1).Plan()
	if err != nil {
		t.Fatal(err)
	}
	carry(t, h.wanted(h.v2))
	if err := late.Carry(t.Context(), fine); err == nil {
		t.Error("diverted twice")
	}
	if data, err := os.ReadFile(h.shim + Kept); err != nil || string(data) != "stock shim" || !Ours(h.shim) {
		t.Errorf("kept: %q, %v; front: %v", data, err, Ours(h.shim))
	}
}

// What runs from a folder that has another name, too, needs its programs.
func TestInUseByAnotherName(t *testing.T) {
	h := newHost(t)
	if err := os.MkdirAll(h.bin, 0o755); err != nil {
		t.Fatal(err)
	}
	current := h.bin + "-current"
	link(t, h.bin, current)
	w := h.wanted(h.v1)
	w.Bin = current
	carry(t, w)
	lullShim := filepath.Join(h.bin, LullShim)
	r, err := ReadRecord(h.record)
	if err != nil || !slices.Contains(r.Files, lullShim) {
		t.Errorf("record: %+v, %v", r, err)
	}
	for _, use := range []Use{{{Exe: lullShim, Path: h.shim}}, {{Exe: "/usr/bin/other", Path: filepath.Join(current, LullShim)}}} {
		if p := h.uninstall(t, use); !exists(lullShim) {
			t.Errorf("%+v: it was removed; %v", use, p.Notes)
		}
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

func carry(t *testing.T, w Wanted) {
	t.Helper()
	p, err := w.Plan()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Carry(t.Context(), fine); err != nil {
		t.Fatal(err)
	}
}
