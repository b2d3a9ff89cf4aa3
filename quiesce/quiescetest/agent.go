package quiescetest

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/agent"
	"github.com/lull-containers/lull/quiesce"
)

// Main is a TestMain's body: the test binary is its own agent.
func Main(m *testing.M, drivers ...quiesce.Driver) {
	if os.Args[0] == agent.Program {
		os.Exit(agent.Main(os.Stdin, os.Stdout, drivers))
	}
	os.Exit(m.Run())
}

// throughAgent opens a session in a process of its own.
func throughAgent(ctx context.Context, t *testing.T, target quiesce.Target) (quiesce.Session, error) {
	client, err := agent.Start(ctx, agent.Config{Binary: Binary(t), Stderr: t.Output()}, target)
	if err != nil {
		return nil, err // a nil *Client in a Session would not be nil
	}
	return client, nil
}

// Binary is a copy of the test binary that every user may execute: go test
// keeps its own to itself.
func Binary(t *testing.T) string {
	t.Helper()
	folder := Folder(t)
	to, err := os.OpenFile(filepath.Join(folder, agent.Program), os.O_CREATE|os.O_WRONLY, 0o755)
	must(t, err)
	defer to.Close()
	from, err := os.Open("/proc/self/exe")
	must(t, err)
	defer from.Close()
	_, err = io.Copy(to, from)
	must(t, err)
	return to.Name()
}

// Folder is a temporary folder that every user may enter: t.TempDir alone is
// not.
func Folder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	must(t, os.Chmod(filepath.Dir(folder), 0o711))
	must(t, os.Chmod(folder, 0o711))
	return folder
}
