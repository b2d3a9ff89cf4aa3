package isolate

import (
	"os"
	"path/filepath"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

func TestBeside(t *testing.T) {
	for name, c := range map[string]struct {
		at      string   // the mount
		folders []string // the database's
		there   []string // on the host, in the mount; with a slash: folders
		found   string
	}{
		"the data folder itself":   {"/data", []string{"/data/"}, []string{"base/", "wal/"}, ""},
		"below, alone":             {"/pg", []string{"/pg/18/docker"}, []string{"18/docker/base/", ".psql_history", "lost+found/", "18/.lull-putback-7/"}, ""},
		"an archive beside":        {"/pg", []string{"/pg/data"}, []string{"data/", "archive/"}, "archive"},
		"an archive further below": {"/pg/", []string{"/pg/18/docker", "/pg/18/wal"}, []string{"18/docker/", "18/wal/", "18/archive/"}, "18/archive"},
		"a name that begins alike": {"/pg", []string{"/pg/data"}, []string{"data/", "data-archive/"}, "data-archive"},
		"the data folder as well":  {"/pg", []string{"/pg", "/pg/wal"}, []string{"wal/", "archive/"}, ""},
		"not made yet":             {"/pg", []string{"/pg/18/docker"}, nil, ""},
	} {
		source := t.TempDir()
		for _, f := range c.there {
			must(t, os.MkdirAll(filepath.Join(source, filepath.Dir(f)), 0o755))
			if f[len(f)-1] != '/' {
				must(t, os.WriteFile(filepath.Join(source, f), nil, 0o600))
			}
		}
		want := ""
		if c.found != "" {
			want = filepath.Join(source, c.found)
		}
		got, err := Beside(specs.Mount{Destination: c.at, Source: source}, c.folders)
		if got != want || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestBesideASocket(t *testing.T) {
	_, _, socket := host(t)
	root := filepath.Dir(socket)
	must(t, os.RemoveAll(filepath.Join(root, "archive")))
	got, err := Beside(specs.Mount{Destination: "/pg", Source: root}, []string{"/pg/data"})
	if got != socket || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
