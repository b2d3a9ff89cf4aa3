package dockerd

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

var (
	first  = strings.Repeat("a1", 32)
	second = strings.Repeat("b2", 32)
)

// plant makes Docker's data folder with two containers and one that is being
// removed.
func plant(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	for id, name := range map[string]string{first: "/pg", second: "/my.sql"} {
		write(t, filepath.Join(root, "containers", id, ConfigFile), `{"ID":"`+id+`","Name":"`+name+`","Config":{"Image":"postgres:17","Labels":{"lull/mode":"fence"}}}`)
		write(t, filepath.Join(root, "containers", id, HostFile), `{"RestartPolicy":{"Name":"always","MaximumRetryCount":0}}`)
	}
	write(t, filepath.Join(root, "containers", "c3", "nothing"), "")
	return root
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOf(t *testing.T) {
	root := plant(t)
	mount := func(of string) []specs.Mount {
		return []specs.Mount{{Destination: "/proc"}, {Destination: "/etc/hosts", Source: filepath.Join(root, "containers", of, "hosts")}}
	}
	c, err := Of(mount(second), first) // in the other's network
	if err != nil || c.ID != first || c.Name != "pg" || c.Image != "postgres:17" || c.Labels["lull/mode"] != "fence" || !c.Restarts() {
		t.Errorf("got %+v, %v", c, err)
	}
	for name, mounts := range map[string][]specs.Mount{
		"no mounts":      nil,
		"another client": {{Destination: "/etc/hosts", Source: "/var/lib/kubelet/pods/x/etc-hosts"}},
		"not kept":       {{Destination: "/etc/hosts", Source: filepath.Join(root, "containers", "c3", "hosts")}},
	} {
		if _, err := Of(mounts, "c3"); !errors.Is(err, ErrNone) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadRefusesAnothersFile(t *testing.T) {
	root := plant(t)
	write(t, filepath.Join(root, "containers", "c3", ConfigFile), `{"ID":"`+first+`"}`)
	write(t, filepath.Join(root, "containers", "c3", HostFile), `{}`)
	if _, err := Read(filepath.Join(root, "containers", "c3")); !errors.Is(err, ErrNone) {
		t.Errorf("got %v", err)
	}
	write(t, filepath.Join(root, "containers", "c3", ConfigFile), `{`)
	if _, err := Read(filepath.Join(root, "containers", "c3")); err == nil || errors.Is(err, ErrNone) {
		t.Errorf("nonsense: %v", err)
	}
}

// dockerd undoes what stops these containers.
func TestUndoes(t *testing.T) {
	for host, want := range map[string]string{
		`{}`: "", `{"RestartPolicy":{"Name":"no"}}`: "",
		`{"RestartPolicy":{"Name":"always"}}`: "docker update --restart=no pg",
		`{"AutoRemove":true}`:                 "without --rm",
	} {
		root := plant(t)
		dir := filepath.Join(root, "containers", first)
		write(t, filepath.Join(dir, HostFile), host)
		c, err := Read(dir)
		if what, remedy := c.Undoes(); err != nil || (what == "") != (want == "") || !strings.Contains(remedy, want) {
			t.Errorf("%s: %q, %q, %v", host, what, remedy, err)
		}
	}
}

func TestLookup(t *testing.T) {
	root := plant(t)
	for ref, want := range map[string]string{
		first: first, "pg": first, "a1a1": first, "my.sql": second, "b": second,
		"c3": "", "": "", ".": "", "..": "", "../x": "", "nobody": "",
	} {
		c, err := Lookup(root, ref)
		if c.ID != want || (want == "") != errors.Is(err, ErrNone) {
			t.Errorf("%q: %q, %v", ref, c.ID, err)
		}
	}
}
