package clone

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/isolate"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/volume/captures"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func house(t *testing.T) House {
	t.Helper()
	return House{Store: t.TempDir(), State: t.TempDir(), Namespace: "n"}
}

func TestClaimIsOneOwners(t *testing.T) {
	h := house(t)
	c, err := h.Claim("a")
	must(t, err)
	if _, err := h.Claim("a"); !errors.Is(err, ErrExists) {
		t.Errorf("a second one: %v", err)
	}
	if _, err := h.Open("a"); !errors.Is(err, ErrBusy) {
		t.Errorf("while it is held: %v", err)
	}
	if _, err := h.Open("b"); !errors.Is(err, ErrUnknown) {
		t.Errorf("of no clone: %v", err)
	}
	must(t, c.Set(func(r *Record) { r.Phase = Ready }))
	must(t, c.Release())
	again, err := h.Open("a")
	must(t, err)
	if again.Phase != Ready {
		t.Errorf("phase %s", again.Phase)
	}
	must(t, again.Remove())
	if all, err := h.List(); err != nil || len(all) > 0 {
		t.Errorf("left: %v, %v", all, err)
	}
}

// A killed process leaves a folder with a record, or without one: it is listed
// as half made. A record that cannot be read is not a killed process's. Both
// can be removed.
func TestHalfMadeIsListed(t *testing.T) {
	h := house(t)
	want := map[string]Phase{"empty": Making, "torn": Unreadable, "made": Making}
	for name, record := range map[string]string{"empty": "", "torn": `{"phase":"rea`, "made": `{"id":"made","phase":"making"}`} {
		must(t, os.MkdirAll(h.Dir(name), 0o711))
		if record != "" {
			must(t, os.WriteFile(filepath.Join(h.Dir(name), recordName), []byte(record), 0o600))
		}
	}
	all, err := h.List()
	if err != nil || len(all) != 3 {
		t.Fatal(all, err)
	}
	for _, r := range all {
		c, err := h.Open(r.ID)
		must(t, err)
		if r.Phase != want[r.ID] || c.Phase != want[r.ID] {
			t.Errorf("%s is %s", r.ID, r.Phase)
		}
		must(t, c.Remove())
	}
}

func TestTidyKeepsWhatIsUsed(t *testing.T) {
	h := house(t)
	for _, name := range []string{"used", "left"} {
		must(t, os.MkdirAll(filepath.Join(h.MemoryDir(), name), 0o700))
	}
	c, err := h.Claim("a")
	must(t, err)
	must(t, c.Set(func(r *Record) { r.Memory, r.Checkpoint = filepath.Join(h.MemoryDir(), "used"), "id" }))
	must(t, h.Tidy())
	entries, err := os.ReadDir(h.MemoryDir())
	if err != nil || len(entries) != 1 || entries[0].Name() != "used" {
		t.Errorf("%v %v", entries, err)
	}
	if used, err := Checkpoints(h.Store); err != nil || !used["id"] {
		t.Errorf("%v %v", used, err)
	}
}

// A number is taken in whatever namespace its clone is, also while it is down.
func TestNumbersAreOfTheHost(t *testing.T) {
	h := house(t)
	for i, ns := range []string{"n", "other"} {
		there := h
		there.Namespace = ns
		c, err := there.Claim("a")
		must(t, err)
		must(t, c.Set(func(r *Record) { r.Number, r.Address = i+3, netip.MustParseAddr("198.51.100.2") }))
	}
	_, err := h.Claim("without an address")
	must(t, err)
	taken, err := h.numbers()
	if err != nil || !taken[3] || !taken[4] || taken[0] {
		t.Errorf("%v, %v", taken, err)
	}
}

func TestPlan(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "conf")
	must(t, os.WriteFile(conf, nil, 0o600))
	mounts := []specs.Mount{
		{Destination: "/proc", Type: "proc"},
		{Destination: "/var/lib/postgresql", Type: "bind", Source: dir},
		{Destination: "/etc/conf", Type: "bind", Source: conf, Options: []string{"ro"}},
		{Destination: "/archive", Type: "bind", Source: dir, Options: []string{"rbind", "ro"}},
	}
	const id = "00112233445566778899aabbccddeeff"
	capture := filepath.Join(captures.Store{Dir: dir}.Folder(id), "volume-0")
	must(t, os.MkdirAll(capture, 0o700))
	captured := func(dest string) manifest.Volume {
		return manifest.Volume{Name: "volume-0", Kind: "bind", Destination: dest, Fingerprint: manifest.Fingerprint{List: "lull-volume-0.list"}, Capture: &manifest.Capture{Path: "/etc"}}
	}
	all, err := plan(&manifest.Manifest{ID: id, Volumes: []manifest.Volume{captured("/var/lib/postgresql/data")}}, mounts, dir, "/d")
	must(t, err)
	if len(all) != 2 || all[0].Destination != "/var/lib/postgresql" || all[1].Destination != "/archive" ||
		!cmp.Equal(all[0].parts, []part{{capture, "data", "lull-volume-0.list"}}, cmp.AllowUnexported(part{})) || all[1].parts != nil {
		t.Errorf("%+v", all)
	}
	for name, v := range map[string]manifest.Volume{
		"no capture": {Kind: "bind", Destination: "/archive"},
		"no mount":   captured("/elsewhere"),
		"elsewhere":  {Name: "volume-1", Kind: "bind", Destination: "/archive", Capture: &manifest.Capture{Path: dir}},
	} {
		if _, err := plan(&manifest.Manifest{ID: id, Volumes: []manifest.Volume{v}}, mounts, dir, "/d"); !errors.Is(err, ErrNoCopy) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRewriteKeepsTheRest(t *testing.T) {
	const spec = `{"unknown":{"big":12345678901234567890},"linux":{"namespaces":[{"type":"pid"},{"type":"network","path":"/old"}]},` +
		`"mounts":[{"destination":"/data","source":"/old"},{"destination":"/other","source":"/old"}]}`
	raw, err := rewrite([]byte(spec), "/new", []isolate.StandIn{{Destination: "/data", Model: "/old", Source: "/mine"}})
	must(t, err)
	const want = `{"unknown":{"big":12345678901234567890},"linux":{"namespaces":[{"type":"pid"},{"type":"network","path":"/new"}]},` +
		`"mounts":[{"destination":"/data","source":"/mine"},{"destination":"/other","source":"/old"}]}`
	var a, b any
	must(t, json.Unmarshal(raw, &a))
	must(t, json.Unmarshal([]byte(want), &b))
	if diff := cmp.Diff(b, a); diff != "" {
		t.Error(diff)
	}
	if _, err := rewrite([]byte(`{"linux":{}}`), "/new", nil); err == nil {
		t.Error("a spec without a network namespace")
	}
}

// What a clone uses whose record cannot be read, nobody can tell: it stays.
func TestTidyKeepsWhatMayBeUsed(t *testing.T) {
	h := house(t)
	must(t, os.MkdirAll(filepath.Join(h.MemoryDir(), "of whom"), 0o700))
	must(t, os.MkdirAll(h.Dir("torn"), 0o711))
	must(t, os.WriteFile(filepath.Join(h.Dir("torn"), recordName), []byte("{"), 0o600))
	if err := h.Tidy(); err == nil {
		t.Error("it did not say so")
	}
	if _, err := os.Stat(filepath.Join(h.MemoryDir(), "of whom")); err != nil {
		t.Error(err)
	}
}

// A lock on a file that was removed, and made again by somebody else, is none.
func TestLockIsOfTheFileThatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	if !isAt(f, path) {
		t.Error("the file that is there")
	}
	must(t, os.Remove(path))
	if isAt(f, path) {
		t.Error("one that was removed")
	}
	must(t, os.WriteFile(path, nil, 0o600))
	if isAt(f, path) {
		t.Error("another one")
	}
}
