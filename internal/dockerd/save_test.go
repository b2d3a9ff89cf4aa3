package dockerd

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSaveOutlivesTheContainer(t *testing.T) {
	root, store := plant(t), filepath.Join(t.TempDir(), "docker")
	c, err := Lookup(root, "pg")
	if err != nil {
		t.Fatal(err)
	}
	if dir, err := Save(c, store); dir != "" || err != nil {
		t.Errorf("without a checkpoint: %q, %v", dir, err)
	}
	write(t, filepath.Join(c.Checkpoints(), "cut", manifestFile), "{}")
	write(t, filepath.Join(c.Checkpoints(), "cut", "pages-1.img"), "memory")
	write(t, filepath.Join(c.Checkpoints(), "stock", "pages-1.img"), "nobody's")
	for range 2 { // again: it takes the older one's place
		if _, err := Save(c, store); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(c.Dir); err != nil {
		t.Fatal(err)
	}
	s, err := Saved(store, "pg", "cut")
	if err != nil || s.ID != first || s.Image != "postgres:17" {
		t.Fatalf("%+v, %v", s, err)
	}
	to := Container{Dir: t.TempDir()}
	if err := LinkCheckpoint(s, "cut", to); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(to.Checkpoints(), "cut", "pages-1.img")); string(text) != "memory" {
		t.Errorf("%q, %v", text, err)
	}
	for _, ref := range [][2]string{{"pg", "stock"}, {"pg", "other"}, {"my.sql", "cut"}} {
		if _, err := Saved(store, ref[0], ref[1]); !errors.Is(err, ErrNone) {
			t.Errorf("%v: %v", ref, err)
		}
	}
}

// A save keeps what an earlier one has and the container has no more.
func TestSaveKeepsEarlierOnes(t *testing.T) {
	root, store := plant(t), filepath.Join(t.TempDir(), "docker")
	c, err := Lookup(root, "pg")
	if err != nil {
		t.Fatal(err)
	}
	checkpoint := func(name, id string) {
		dir := filepath.Join(c.Checkpoints(), name)
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, manifestFile), id)
		write(t, filepath.Join(dir, "pages-1.img"), "memory of "+id)
	}
	save := func() {
		if _, err := Save(c, store); err != nil {
			t.Fatal(err)
		}
	}
	checkpoint("monday", "1")
	checkpoint("latest", "1")
	save()
	if err := os.RemoveAll(filepath.Join(c.Checkpoints(), "monday")); err != nil {
		t.Fatal(err)
	}
	checkpoint("latest", "2")
	save()
	if err := os.Rename(filepath.Join(store, c.ID), filepath.Join(store, c.ID+".old")); err != nil { // killed half way
		t.Fatal(err)
	}
	save()
	for name, want := range map[string]string{"monday": "memory of 1", "latest": "memory of 2"} {
		got, err := os.ReadFile(filepath.Join(store, c.ID, "checkpoints", name, "pages-1.img"))
		if string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if entries, err := os.ReadDir(store); len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestRequest(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, ConfigFile), `{"Config":{"Image":"postgres:17","Env":["A=b"]},
		"MountPoints":{"/data":{"Type":"volume","Name":"anon"},"/named":{"Type":"volume","Name":"n"},"/bound":{"Type":"bind","Name":""},"/m":{"Type":"volume","Name":"v"}},
		"NetworkSettings":{"Networks":{"net":{"Aliases":["db"],"IPAMConfig":{"IPv4Address":"10.0.0.5"},"IPAddress":"10.0.0.5","EndpointID":"x","Links":null}}}}`)
	write(t, filepath.Join(dir, HostFile), `{"NetworkMode":"net","Binds":["n:/named","/src:/bound:ro"],"Mounts":[{"Type":"volume","Source":"v","Target":"/m"}],"PortBindings":{"5432/tcp":[{"HostPort":"15432"}]}}`)
	raw, err := Container{Dir: dir}.Request()
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	err = json.Unmarshal([]byte(`{"Image":"postgres:17","Env":["A=b"],
		"HostConfig":{"NetworkMode":"net","Binds":["n:/named","/src:/bound:ro","anon:/data"],"Mounts":[{"Type":"volume","Source":"v","Target":"/m"}],"PortBindings":{"5432/tcp":[{"HostPort":"15432"}]}},
		"NetworkingConfig":{"EndpointsConfig":{"net":{"Aliases":["db"],"IPAMConfig":{"IPv4Address":"10.0.0.5"}}}}}`), &want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestEndpointsOfAnothersNetwork(t *testing.T) {
	for _, mode := range []string{"host", "none", "container:x"} {
		if got := endpoints(map[string]map[string]any{"host": {}}, map[string]any{"NetworkMode": mode}); got != nil {
			t.Errorf("%s: %v", mode, got)
		}
	}
}
