package hooks

import (
	"os"
	"testing"

	"github.com/lull-containers/lull/internal/config"
)

// A killed guard's socket is not asked about the plain container on which a
// later CRIU with its pid works.
func TestASocketThatIsLeftGoes(t *testing.T) {
	h := Host{Config: config.Config{StateDir: t.TempDir()}}
	c := Call{Stage: PreDump, CRIU: os.Getpid()}
	socket := socketOf(h.Config.StateDir, c.CRIU)
	l, err := listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := h.stage(t.Context(), c, t.TempDir()); err == nil {
		t.Error("go test is taken for a runtime")
	}
	if _, err := os.Lstat(socket); err == nil {
		t.Error("it is still there")
	}
	c.Stage = PostDump
	if err := h.stage(t.Context(), c, ""); err != nil {
		t.Error(err)
	}
}
