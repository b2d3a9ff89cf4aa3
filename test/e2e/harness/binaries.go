package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/agent"
)

// Binaries gives the folder with lull, its agent, its shim, and its shim under the stock
// one's name, built with failpoints once for all tests of the process.
// LULL_E2E_BIN names a folder of binaries to test instead.
func Binaries(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("LULL_E2E_BIN"); dir != "" {
		return dir
	}
	dir, err := shared.binaries()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// build fills a folder and lets every user into it, as lull's agent gives up root.
func build(dir string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-buildvcs=false", "-tags", "failpoint", "-o", dir+"/", "./cmd/...")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build lull: %w\n%s", err, out)
	}
	for _, name := range []string{"lull", agent.Program, "containerd-shim-lull-v2", stockShim} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("the build made no %s: %w", name, err)
		}
	}
	return os.Chmod(dir, 0o755)
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find lull's sources: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}
