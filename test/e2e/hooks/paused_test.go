package hooks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/internal/freezer"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// crioScript calls the runtime as CRI-O does, which is not to be had here: it
// pauses, dumps, takes its files and resumes.
const crioScript = `#!/bin/sh
set -e
runtime() { "$RUNTIME" --root "$ROOT" "$@"; }
runtime pause "$ID"
runtime checkpoint --image-path "$IMAGES" --work-path "$WORK" --leave-running "$ID"
runtime state "$ID" | grep '"status": "paused"' # or the files would be of another instant
runtime resume "$ID"
`

// crio is a container that its engine pauses for a checkpoint.
type crio struct{ *bundled }

func (c crio) checkpoint(t *testing.T, _ bool) harness.Output {
	t.Helper()
	script := filepath.Join(c.data, "crio")
	if err := os.WriteFile(script, []byte(crioScript), 0o755); err != nil {
		t.Fatal(err)
	}
	c.images = filepath.Join(c.data, harness.Name(t, "im"))
	return c.try(t, "env", "RUNTIME="+c.runtime, "ROOT="+filepath.Join(c.run, "runtime"), "ID="+c.id,
		"IMAGES="+c.images, "WORK="+filepath.Join(c.data, "dump"), script)
}

// CRI-O's pause is ended for the time of the quiesce, and is one again until
// CRI-O itself resumes.
func TestEnginePauses(t *testing.T) {
	h := newHost(t)
	s := newServer(t, h, "redis 8.0", map[string]string{"lull/on-drift": "rollback", "io.kubernetes.cri-o.ContainerType": "container"})
	run(t, crio{newBundle(t, h, h.lab.Path("runc"), s.image, s.into)}, s).there(t, false)
	h.nothingHeld(t)
}

// Anybody else's pause is nobody's to end.
func TestPaused(t *testing.T) {
	h := newHost(t)
	s := newServer(t, h, "redis 8.0", nil)
	b := newBundle(t, h, h.lab.Path("runc"), s.image, s.into)
	r := run(t, b, s)
	pid, err := b.pid(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.must(t, b.runtime, b.args("pause", b.id)...)
	if o := r.checkpoint(t, false); o.Code == 0 || !strings.Contains(o.Stderr, "Error (lull): the container is paused") {
		t.Errorf("it was not refused in words: %s", o)
	}
	f, err := freezer.Of(pid)
	if err != nil {
		t.Fatal(err)
	}
	if frozen, err := f.Frozen(); err != nil || !frozen {
		t.Errorf("it runs again (%v)", err)
	}
	b.must(t, b.runtime, b.args("resume", b.id)...)
	r.load.Wait(t, 3)
	h.nothingHeld(t)
}
