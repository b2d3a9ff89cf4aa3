package lab

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

func TestParseMounts(t *testing.T) {
	got := parseMounts(`22 1 0:20 / /sys/fs/cgroup/freezer rw,relatime shared:9 - cgroup cgroup rw,freezer
23 1 0:21 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
24 1 0:4 net:[4026532177] /run/a\040b/netns/x rw - nsfs nsfs rw
not a mount
25 1 0:39 / / rw - overlay overlay rw,upperdir=/data/one/fs
`)
	want := []mountEntry{
		{"/", "/sys/fs/cgroup/freezer", "cgroup", "rw,freezer"},
		{"/", "/sys/fs/cgroup/unified", "cgroup2", "rw"},
		{"net:[4026532177]", "/run/a b/netns/x", "nsfs", "rw"},
		{"/", "/", "overlay", "rw,upperdir=/data/one/fs"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestCgroupDirs(t *testing.T) {
	hybrid := cgroupMounts([]mountEntry{
		{Point: "/sys/fs/cgroup", Type: "tmpfs"},
		{Point: "/sys/fs/cgroup/freezer", Type: "cgroup"},
		{Point: "/sys/fs/cgroup/unified", Type: "cgroup2"},
	})
	want := []string{"/sys/fs/cgroup/freezer/lull-lab/pg", "/sys/fs/cgroup/unified/lull-lab/pg"}
	if got := cgroupDirs(hybrid, "/lull-lab/pg"); !slices.Equal(got, want) {
		t.Errorf("hybrid: %v", got)
	}
	unified := cgroupMounts([]mountEntry{{Point: "/sys/fs/cgroup", Type: "cgroup2"}})
	if got := cgroupDirs(unified, "lull-lab/pg"); !slices.Equal(got, []string{"/sys/fs/cgroup/lull-lab/pg"}) {
		t.Errorf("unified: %v", got)
	}
	for _, path := range []string{"", "/", "..", "/../..", "system.slice:runc:pg"} {
		if got := cgroupDirs(hybrid, path); got != nil {
			t.Errorf("%q names %v: a sweep would reach the whole machine", path, got)
		}
	}
}

func TestThawNeverCreates(t *testing.T) {
	dir := t.TempDir()
	state := filepath.Join(dir, "a", "freezer.state")
	if err := writeFile(state, "FROZEN", 0o644); err != nil {
		t.Fatal(err)
	}
	cgroups{dirs: []string{dir}}.thaw()
	if b, _ := os.ReadFile(state); string(b) != "THAWED" {
		t.Errorf("state %q", b)
	}
	if _, err := os.Stat(filepath.Join(dir, "cgroup.freeze")); err == nil {
		t.Error("a file was made that the kernel did not offer")
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		path, dir string
		want      bool
	}{
		{"/run/lab", "/run/lab", true}, {"/run/lab/x", "/run/lab", true}, {"/run/lab/x", "/run/lab/", true},
		{"/run/lab2", "/run/lab", false}, {"/run", "/run/lab", false},
	} {
		if got := within(c.path, c.dir); got != c.want {
			t.Errorf("%s in %s: %v", c.path, c.dir, got)
		}
	}
}

func TestOwnerMentions(t *testing.T) {
	o := owner{dirs: []string{"/run/lab/a", "/data/lab/a"}}
	for text, want := range map[string]bool{
		"/run/lab/a": true, "/run/lab/a/containerd.sock": true, "unix:///run/lab/a/s/x": true,
		"upperdir=/data/lab/a/fs,workdir=/x": true, "lowerdir=/x:/data/lab/a/1": true,
		"/run/lab/ab": false, "/run/lab/ab,/run/lab/a/x": true, "": false, "/run/lab": false,
	} {
		if got := o.mentions(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestParseStat(t *testing.T) {
	const line = "42 (a (b) c) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 0 0\n"
	start, state, err := parseStat(line)
	if err != nil || start != 987654 || state != 'S' {
		t.Errorf("got %d %c %v", start, state, err)
	}
	if _, _, err := parseStat("42 (x) S 1"); err == nil {
		t.Error("a short line is taken")
	}
}

// A record whose start time is another's must never lead to a signal.
func TestProcessIsNotMistaken(t *testing.T) {
	self, err := identify(os.Getpid())
	if err != nil || !self.alive() {
		t.Fatalf("self: %+v %v", self, err)
	}
	later, reboot := self, self
	later.Start++
	reboot.Boot = "another"
	for name, p := range map[string]process{"later": later, "reboot": reboot, "none": {}} {
		if p.alive() {
			t.Errorf("%s is taken for this process", name)
		}
		if err := p.signal(9); err != nil { // would end the test
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadBundle(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ns", "pg")
	for name, text := range map[string]string{
		"config.json":    `{"linux":{"cgroupsPath":"/ns/pg"}}`,
		"address":        "unix:///run/containerd/s/abc",
		"bootstrap.json": `{"version":3,"address":"unix:///run/x/s/def","protocol":"ttrpc"}`,
	} {
		if err := writeFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b := readBundle(dir)
	if b.ID != "pg" || b.Namespace != "ns" || b.Cgroup != "/ns/pg" {
		t.Errorf("%+v", b)
	}
	if !slices.Equal(b.Sockets, []string{"/run/containerd/s/abc", "/run/x/s/def"}) {
		t.Errorf("sockets %v", b.Sockets)
	}
}
