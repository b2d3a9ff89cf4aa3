package agent_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/agent"
)

// A checkout in root's home is closed to the agent's user; the agent starts.
func TestAProgramInAClosedFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root: there is no other user to be kept out")
	}
	closed := filepath.Join(t.TempDir(), "closed")
	must(t, os.Mkdir(closed, 0o700))
	program := filepath.Join(closed, agent.Program)
	copyProgram(t, binary(t), program)
	c, err := agent.Start(within(t), agent.Config{Binary: program, UID: 4242, GID: 4343}, target(""))
	must(t, err)
	must(t, c.Kill())

	must(t, os.Chmod(program, 0o700))
	if c, err := agent.Start(within(t), agent.Config{Binary: program, UID: 4242, GID: 4343}, target("")); err == nil {
		t.Error("a program that its user must not run was started")
		must(t, c.Kill())
	}
}

func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	must(t, err)
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	must(t, err)
	_, err = io.Copy(out, in)
	must(t, err)
	must(t, out.Close())
}
