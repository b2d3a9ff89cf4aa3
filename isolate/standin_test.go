package isolate

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// host makes a folder with a file in it, a file and a socket.
func host(t *testing.T) (dir, file, socket string) {
	t.Helper()
	root := t.TempDir()
	dir, file, socket = filepath.Join(root, "archive"), filepath.Join(root, "conf"), filepath.Join(root, "s")
	must(t, os.Mkdir(dir, 0o750))
	must(t, os.WriteFile(filepath.Join(dir, "wal"), []byte("x"), 0o600))
	must(t, os.WriteFile(file, []byte("conf"), 0o640))
	l, err := net.Listen("unix", socket)
	must(t, err)
	t.Cleanup(func() { l.Close() })
	return dir, file, socket
}

func bind(source string, options ...string) specs.Mount {
	return specs.Mount{Destination: "/x", Type: "bind", Source: source, Options: append(options, "rbind")}
}

func TestNeeded(t *testing.T) {
	dir, file, socket := host(t)
	for name, tt := range map[string]struct {
		mount specs.Mount
		want  bool
	}{
		"folder":           {bind(dir), true},
		"read-only folder": {bind(dir, "ro"), true}, // what is mounted in it is not
		"file":             {bind(file), true},
		"read-only file":   {bind(file, "ro"), false},
		"read-only socket": {bind(socket, "ro"), true},
		"missing":          {bind(dir + "-gone"), true},
		"tmpfs":            {specs.Mount{Destination: "/x", Type: "tmpfs", Source: "tmpfs"}, false},
	} {
		if got := Needed(tt.mount); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestStandInsReachNobody(t *testing.T) {
	dir, file, socket := host(t)
	for i, source := range []string{dir, file, socket} {
		s := For(bind(source), i, t.TempDir())
		must(t, s.Lay(true))
		was, err := os.Stat(source)
		must(t, err)
		is, err := os.Lstat(s.Source)
		must(t, err)
		switch {
		case was.IsDir():
			if left, _ := os.ReadDir(s.Source); !is.IsDir() || len(left) > 0 || is.Mode() != was.Mode() {
				t.Errorf("folder: %v %v", is.Mode(), left)
			}
		case !is.Mode().IsRegular() || is.Mode().Perm() != was.Mode().Perm() || os.SameFile(is, was):
			t.Errorf("%s: %v, was %v", source, is.Mode(), was.Mode())
		}
		spec := map[string]any{"mounts": []any{map[string]any{"destination": "/x", "source": source}}}
		must(t, SetSources(spec, []StandIn{s}))
		if got := spec["mounts"].([]any)[0].(map[string]any)["source"]; got != s.Source {
			t.Errorf("the spec has %v", got)
		}
		if err := SetSources(map[string]any{}, []StandIn{s}); err == nil {
			t.Error("a mount that is not there was set")
		}
	}
}

func TestMark(t *testing.T) {
	p := Place{Store: t.TempDir(), Namespace: "n", ID: "c"}
	if _, ok, err := p.Read(); ok || err != nil {
		t.Fatal(ok, err)
	}
	at := time.Now().UTC()
	must(t, p.Write(Mark{Checkpoint: "x", Created: at}))
	m, ok, err := p.Read()
	if !ok || err != nil || m.Checkpoint != "x" {
		t.Fatal(m, ok, err)
	}
	if !m.Of(at) || !m.Of(time.Time{}) || m.Of(at.Add(time.Second)) {
		t.Error("whose it is")
	}
	must(t, os.WriteFile(filepath.Join(p.Dir(), "mark.json"), []byte("{"), 0o600))
	if _, ok, err := p.Read(); ok || err == nil {
		t.Error("a broken mark lets the container start")
	}
	must(t, p.Remove())
	must(t, p.Remove())
	if _, err := os.Stat(p.Dir()); err == nil {
		t.Error("it is still there")
	}
}
