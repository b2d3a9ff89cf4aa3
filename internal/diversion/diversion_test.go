package diversion

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// host is a folder with a stock shim in it, and two versions of lull beside.
type host struct {
	shim, bin, record, v1, v2 string
}

func newHost(t *testing.T) host {
	t.Helper()
	dir := t.TempDir()
	h := host{v1: filepath.Join(dir, "v1"), v2: filepath.Join(dir, "v2")}.another(t)
	for from, version := range map[string]string{h.v1: "1", h.v2: "2"} {
		for _, name := range []string{Command, Agent, LullShim, StockShim} {
			ours(t, filepath.Join(from, name), name+version)
		}
	}
	return h
}

// another is a host with the same versions of lull beside it.
func (h host) another(t *testing.T) host {
	t.Helper()
	dir := t.TempDir()
	h.shim, h.bin, h.record = filepath.Join(dir, "usr", StockShim), filepath.Join(dir, "local"), filepath.Join(dir, "lib", "install.json")
	stock(t, h.shim, "stock shim")
	return h
}

func stock(t *testing.T, path, text string) { write(t, path, []byte(text)) }

// ours writes a program of this module: this test, and something behind it.
func ours(t *testing.T, path, text string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, append(program, text...))
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
}

func (h host) wanted(from string) Wanted {
	return Wanted{From: from, Bin: h.bin, Shims: []string{h.shim}, Version: filepath.Base(from), Record: h.record}
}

// files lists what there is, by its end: a stock shim's text or a version.
func (h host) files(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	if data, err := os.ReadFile(frontOf(h.bin)); err == nil {
		all["front"] = "lull " + string(data[len(data)-1:])
	}
	for _, dir := range []string{filepath.Dir(h.shim), h.bin, filepath.Dir(h.record)} {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			data, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			if e.Name() == filepath.Base(h.record) {
				data = []byte("record")
			}
			all[e.Name()] = string(data[max(0, len(data)-len("stock shim")):])
			if Ours(filepath.Join(dir, e.Name())) {
				all[e.Name()] = "lull " + string(data[len(data)-1:])
			}
		}
	}
	return all
}

func (h host) install(t *testing.T, from string, check func(context.Context) error) error {
	t.Helper()
	p, err := h.wanted(from).Plan()
	if err != nil {
		t.Fatal(err)
	}
	return p.Carry(t.Context(), check)
}

func fine(context.Context) error { return nil }

func (h host) uninstall(t *testing.T, use Use) Plan {
	t.Helper()
	back, err := GiveBack(h.record)
	if err != nil {
		t.Fatal(err)
	}
	if err := back.Carry(t.Context(), fine); err != nil {
		t.Fatal(err)
	}
	p, err := Removal(h.record, use, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Carry(t.Context(), fine); err != nil {
		t.Fatal(err)
	}
	return Plan{append(back.Actions, p.Actions...), append(back.Notes, p.Notes...)}
}

func (h host) want(t *testing.T, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, h.files(t)); diff != "" {
		t.Errorf("(-wanted +there):\n%s", diff)
	}
}

var (
	bare   = map[string]string{StockShim: "stock shim"}
	first  = version("1")
	second = version("2")
)

func version(v string) map[string]string {
	return map[string]string{
		StockShim: "lull " + v, StockShim + Kept: "stock shim",
		Command: "lull " + v, Agent: "lull " + v, LullShim: "lull " + v, "front": "lull " + v, "install.json": "record",
	}
}

func TestThereAndBack(t *testing.T) {
	h := newHost(t)
	if err := h.install(t, h.v1, fine); err != nil {
		t.Fatal(err)
	}
	h.want(t, first)
	p, err := h.wanted(h.v1).Plan()
	if err != nil || !p.Empty() {
		t.Errorf("installed twice: %+v, %v", p, err)
	}
	for _, v := range []struct {
		from string
		want map[string]string
	}{{h.v2, second}, {h.v1, first}} { // upgrade, downgrade
		if err := h.install(t, v.from, fine); err != nil {
			t.Fatal(err)
		}
		h.want(t, v.want)
	}
	h.uninstall(t, nil)
	h.want(t, bare)
	if p := h.uninstall(t, nil); !p.Empty() {
		t.Errorf("nothing is installed: %+v", p)
	}
}

// An upgrade that does not work leaves the old version, a first installation
// nothing.
func TestFailed(t *testing.T) {
	broken := errors.New("no container starts")
	fails := func(context.Context) error { return broken }
	h := newHost(t)
	if err := h.install(t, h.v1, fails); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	h.want(t, bare)
	if err := h.install(t, h.v1, fine); err != nil {
		t.Fatal(err)
	}
	if err := h.install(t, h.v2, fails); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	h.want(t, first)
}

// Every action may be the one that fails.
func TestFailedAction(t *testing.T) {
	for i := range 7 {
		h := newHost(t)
		p, err := h.wanted(h.v1).Plan()
		if err != nil {
			t.Fatal(err)
		}
		if i >= len(p.Actions) {
			return
		}
		p.Actions[i].do = func() error { return errors.New("no") }
		if err := p.Carry(t.Context(), fine); err == nil || errors.Is(err, ErrLeft) {
			t.Errorf("action %d failed: %v", i, err)
		}
		h.want(t, bare)
	}
}

// A package manager that upgrades containerd puts a new stock shim over the
// front.
func TestContainerdUpgraded(t *testing.T) {
	h := newHost(t)
	if err := h.install(t, h.v1, fine); err != nil {
		t.Fatal(err)
	}
	stock(t, h.shim, "newer shim")
	if err := h.install(t, h.v1, fine); err != nil {
		t.Fatal(err)
	}
	want := version("1")
	want[StockShim+Kept] = "newer shim"
	h.want(t, want)
	stock(t, h.shim, "third shim")
	h.uninstall(t, nil)
	h.want(t, map[string]string{StockShim: "third shim"})
}

// A package manager that removes containerd removes the front.
func TestContainerdRemoved(t *testing.T) {
	h := newHost(t)
	if err := h.install(t, h.v1, fine); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(h.shim); err != nil {
		t.Fatal(err)
	}
	p, err := GiveBack(h.record)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Carry(t.Context(), func(context.Context) error { return errors.New("no") }); err == nil || exists(h.shim) {
		t.Errorf("taken back: %v", err)
	}
	h.uninstall(t, nil)
	h.want(t, bare)
}

func TestRefused(t *testing.T) {
	h := newHost(t)
	stock(t, filepath.Join(h.bin, Command), "another lull")
	if _, err := h.wanted(h.v1).Plan(); err == nil || !strings.Contains(err.Error(), "is not lull's") {
		t.Errorf("a program of somebody else's: %v", err)
	}
	h = newHost(t)
	w := h.wanted(filepath.Dir(h.shim))
	if _, err := w.Plan(); err == nil {
		t.Error("a folder without lull's programs")
	}
	w = h.wanted(h.v1)
	w.Shims = []string{filepath.Join(h.bin, "nowhere")}
	if _, err := w.Plan(); err == nil {
		t.Error("a shim that is not there")
	}
	ours(t, h.shim, "1") // and nothing is kept
	if _, err := h.wanted(h.v1).Plan(); err == nil {
		t.Error("a diversion without its stock shim")
	}
}

// What a running container's bundle names stays, and so does what its shim
// starts; a later call takes it away.
func TestInUse(t *testing.T) {
	h := newHost(t)
	if err := h.install(t, h.v1, fine); err != nil {
		t.Fatal(err)
	}
	lullShim := filepath.Join(h.bin, LullShim)
	p := h.uninstall(t, Use{{Exe: lullShim + " (deleted)", Path: h.shim}})
	want := version("1")
	want[StockShim] = "stock shim"
	delete(want, StockShim+Kept)
	h.want(t, want)
	if len(p.Notes) != 4 {
		t.Errorf("notes: %v", p.Notes)
	}
	p = h.uninstall(t, Use{{Exe: "/usr/bin/other", Path: lullShim}})
	if r, err := ReadRecord(h.record); err != nil || !slices.Equal(r.Files, []string{lullShim}) {
		t.Errorf("record %+v, %v; notes %v", r, err, p.Notes)
	}
	h.uninstall(t, nil)
	h.want(t, bare)
}
