package hooks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// A checkpoint that fails, wherever it does, leaves the database as before and
// nothing that can be restored.
func TestFailures(t *testing.T) {
	h := newHost(t)
	s := newServer(t, h, "redis 8.0", nil)
	b := newBundle(t, h, h.lab.Path("runc"), s.image, s.into)
	r := run(t, b, s)
	for name, fault := range map[string]struct{ point, what, says string }{
		"before the dump":           {"checkpoint.capture", "error", "Error (lull): capture:"},
		"after the dump":            {"checkpoint.seal", "error", "Error (lull): seal:"},
		"killed before the dump":    {"checkpoint.capture", "kill", "Error (lull): lull's keeper of this operation is gone"},
		"killed when all is dumped": {"checkpoint.pending", "kill", "Error (lull): lull's keeper of this operation is gone"},
		"panic":                     {"checkpoint.freeze", "panic", "Error (lull): lull's keeper of this operation is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			if fault.what != "error" { // nobody is left to end Redis's pause before its time
				harness.Full(t)
			}
			h.fail(t, fault.point, fault.what)
			o := r.checkpoint(t, false)
			if o.Code == 0 || !strings.Contains(o.Stderr, fault.says) {
				t.Errorf("it does not say %q: %s", fault.says, o)
			}
			if m, err := manifest.VerifySeal(b.images); err == nil {
				t.Errorf("there is a sealed manifest %s", m.ID)
			}
			r.load.Wait(t, 3) // its clients go on
			h.nothingHeld(t)
		})
	}
	r.load.Check(t, ledger.Intact())
}

// What cannot keep its promise is refused before anything runs.
func TestRefusedRestores(t *testing.T) {
	h := newHost(t)
	s := newServer(t, h, "redis 8.0", nil)
	s.args = append(s.args, "--appendonly", "yes") // else nothing is written
	b := newBundle(t, h, h.lab.Path("runc"), s.image, s.into)
	r := run(t, b, s)
	succeeded(t, r.checkpoint(t, false))
	r.load.Wait(t, 3)
	r.load.Stop()
	r.lose(t)
	t.Run("a volume was written since", func(t *testing.T) {
		refused(t, b, "was written since the checkpoint")
	})
	t.Run("a file was altered", func(t *testing.T) {
		defer flip(t, filepath.Join(b.images, "pages-1.img"))()
		refused(t, b, "pages-1.img")
	})
	t.Run("the database is not what was recorded", func(t *testing.T) {
		h.fail(t, "restore.verify", "error")
		h.lull(t, "--namespace", "oci", "allow-rollback", b.id)
		_ = b.restore(t) // CRIU takes no notice, and runc none
		if pid, err := b.pid(t.Context()); err == nil {
			t.Errorf("process %d runs", pid)
		}
		h.nothingHeld(t)
		_ = b.try(t, b.runtime, b.args("delete", "--force", b.id)...) // what a runtime keeps of a failed restore
		refused(t, b, "was written since the checkpoint")             // the rollback was undone
	})
	t.Run("the permit of one restore", func(t *testing.T) {
		h.lull(t, "--namespace", "oci", "allow-rollback", b.id)
		succeeded(t, b.restore(t))
		r.answers(t)
		h.nothingHeld(t)
	})
}

func refused(t *testing.T, b *bundled, says string) {
	t.Helper()
	o := b.restore(t)
	if o.Code == 0 || !strings.Contains(o.Stderr, "Error (lull)") || !strings.Contains(o.Stderr, says) {
		t.Errorf("it does not say %q: %s", says, o)
	}
	if pid, err := b.pid(t.Context()); err == nil {
		t.Errorf("process %d runs", pid)
	}
	b.nothingHeld(t)
}

// flip changes the first byte of a file, and back.
func flip(t *testing.T, path string) (undo func()) {
	t.Helper()
	do := func() {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var b [1]byte
		if _, err := f.ReadAt(b[:], 0); err != nil {
			t.Fatal(err)
		}
		b[0] ^= 1
		if _, err := f.WriteAt(b[:], 0); err != nil {
			t.Fatal(err)
		}
	}
	do()
	return do
}

// fail makes a failpoint of lull's do something, once.
func (h *host) fail(t *testing.T, name, what string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(h.failpoints(), name), []byte(what), 0o644); err != nil {
		t.Fatal(err)
	}
}
