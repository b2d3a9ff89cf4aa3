package freezer

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	tests := []struct {
		name, table, want string
		unified           bool
	}{
		{"v2", "0::/system.slice/x.scope\n", "/cg/system.slice/x.scope/cgroup.freeze", false},
		{"v1", "5:freezer:/ns/id\n4:cpu,cpuacct:/ns/id\n", "/cg/freezer/ns/id/freezer.state", false},
		{"hybrid, where runc freezes in v1", "5:freezer:/ns/id\n0::/\n", "/cg/freezer/ns/id/freezer.state", false},
		{"hybrid, the other order", "0::/other\n5:freezer:/ns/id\n", "/cg/freezer/ns/id/freezer.state", false},
		{"v2 mounted over a kernel with v1", "5:freezer:/\n0::/ns/id\n", "/cg/ns/id/cgroup.freeze", true},
		{"colons in the path", "0::/a:b\n", "/cg/a:b/cgroup.freeze", false},
		{"no freezer", "4:cpu:/x\n", "", false},
		{"nonsense", "freezer\n", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := find("/cg", tt.unified, bufio.NewScanner(strings.NewReader(tt.table)))
			if string(got) != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFrozen(t *testing.T) {
	v1 := filepath.Join(t.TempDir(), "freezer.state")
	for word, want := range map[string]bool{"FROZEN\n": true, "FREEZING\n": false, "THAWED\n": false} {
		write(t, v1, word)
		if got, err := File(v1).Frozen(); got != want || err != nil {
			t.Errorf("%q: %v, %v", word, got, err)
		}
	}
	dir := t.TempDir()
	for events, want := range map[string]bool{"populated 1\nfrozen 1\n": true, "populated 1\nfrozen 0\n": false} {
		write(t, filepath.Join(dir, "cgroup.events"), events)
		if got, err := File(filepath.Join(dir, "cgroup.freeze")).Frozen(); got != want || err != nil {
			t.Errorf("%q: %v, %v", events, got, err)
		}
	}
}

func TestThaw(t *testing.T) {
	v1 := filepath.Join(t.TempDir(), "freezer.state")
	write(t, v1, "FROZEN\n")
	if err := File(v1).Thaw(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(v1); !strings.HasPrefix(string(got), "THAWED") {
		t.Errorf("the file says %q", got)
	}
	if err := File(filepath.Join(t.TempDir(), "gone", "freezer.state")).Thaw(context.Background()); err != nil {
		t.Errorf("a cgroup that is gone is thawed, but: %v", err)
	}
}

func TestThawThatDoesNot(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "cgroup.freeze"), "1")
	write(t, filepath.Join(dir, "cgroup.events"), "frozen 1\n")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := File(filepath.Join(dir, "cgroup.freeze")).Thaw(ctx); err == nil {
		t.Error("the kernel says frozen and Thaw says nothing")
	}
}

func TestPids(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "child")
	if err := os.Mkdir(sub, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "cgroup.procs"), "12\n7\n")
	write(t, filepath.Join(sub, "cgroup.procs"), "40\n")
	pids, err := File(filepath.Join(dir, "freezer.state")).Pids()
	slices.Sort(pids)
	if err != nil || !slices.Equal(pids, []int{7, 12, 40}) {
		t.Errorf("%v, %v", pids, err)
	}
	write(t, filepath.Join(dir, "cgroup.procs"), "x\n")
	if _, err := File(filepath.Join(dir, "freezer.state")).Pids(); err == nil {
		t.Error("a pid that is none passed")
	}
}
