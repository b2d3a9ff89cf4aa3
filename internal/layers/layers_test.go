package layers

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pkg is what go list says of a package.
type pkg struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
	Deps                               []string
}

// The planted imports: what the table must object to, and what it must not.
func TestObjections(t *testing.T) {
	tests := []struct {
		pkg, imported string
		inTest, wrong bool
	}{
		{"manifest", "internal/durable", false, true},
		{"manifest", "quiesce", false, true},
		{"internal/netns", "manifest", false, true},
		{"internal/state", "manifest", false, false},
		{"internal/state", "engine", false, true},
		{"internal/statement", "manifest", false, true},
		{"quiesce", "engine", false, true},
		{"quiesce/postgres", "quiesce", false, false},
		{"quiesce/postgres", "agent", false, true},
		{"volume", "criu", false, true},
		{"criu", "volume", false, true},
		{"quiesce/quiescetest", "agent", false, false},
		{"quiesce/quiescetest", "engine", false, true},
		{"agent", "quiesce", false, false},
		{"agent", "quiesce/postgres", false, true},
		{"agent", "quiesce/postgres", true, false},
		{"engine", "shim", false, true},
		{"engine", "agent", false, true},
		{"engine", "volume", false, false},
		{"shim", "hooks", false, true},
		{"shim", "shim/logpipe", false, false},
		{"shim", "plugin", true, true},
		{"shim/front", "shim", false, true},
		{"cmd/containerd-shim-runc-v2", "shim/front", false, false},
		{"cmd/containerd-shim-runc-v2", "shim", false, true},
		{"store", "shim", false, true},
		{"store", "lab", false, true},
		{"store", "lab", true, false},
		{"cmd/containerd-shim-lull-v2", "quiesce/postgres", false, true},
		{"cmd/lull-agent", "quiesce/postgres", false, false},
		{"cmd/lull-agent", "engine", false, true},
		{"cmd/lull", "quiesce/postgres", false, true},
		{"cmd/lull", "test/ledger", false, true},
		{"lab/cmd/lab", "lab", false, false},
		{"lab", "engine", false, true},
		{"test/e2e", "lab", false, false},
		{"utils", "manifest", false, true},
	}
	for _, tt := range tests {
		if got := objection(tt.pkg, tt.imported, tt.inTest); (got != "") != tt.wrong {
			t.Errorf("%s imports %s (in a test: %v): %q", tt.pkg, tt.imported, tt.inTest, got)
		}
	}
}

// Imports go down only, in ordinary builds and in test builds.
func TestImportsGoDownOnly(t *testing.T) {
	for _, tags := range []string{"", "failpoint"} {
		packages := goList(t, "-tags="+tags, "./...")
		if len(packages) < 2 {
			t.Fatalf("go list sees %d packages", len(packages))
		}
		for _, p := range packages {
			complain(t, p.ImportPath, p.Imports, false)
			complain(t, p.ImportPath, slices.Concat(p.TestImports, p.XTestImports), true)
		}
	}
}

func complain(t *testing.T, importer string, imports []string, inTest bool) {
	t.Helper()
	from := strings.TrimPrefix(importer, module)
	for _, i := range imports {
		to, ours := strings.CutPrefix(i, module)
		if !ours {
			continue
		}
		if why := objection(from, to, inTest); why != "" {
			t.Errorf("%s imports %s: %s", from, to, why)
		}
	}
}

// What the binaries must not depend on, by whatever way: nothing that is for
// tests, and none but the agent a database client.
func TestBinariesLinkWhatTheyNeed(t *testing.T) {
	forTests := []string{"testing", module + "lab", module + "test", module + "quiesce/quiescetest"}
	clients := []string{
		module + "quiesce/", "github.com/jackc/", "database/sql", "github.com/go-sql-driver/",
		"github.com/redis/", "github.com/valkey-io/", "go.mongodb.org/",
	}
	for _, p := range goList(t, "./cmd/...") {
		banned := slices.Concat(clients, forTests)
		if p.ImportPath == module+"cmd/lull-agent" {
			banned = forTests
		}
		for _, dep := range p.Deps {
			if slices.ContainsFunc(banned, func(b string) bool { return strings.HasPrefix(dep, b) }) {
				t.Errorf("%s depends on %s", p.ImportPath, dep)
			}
		}
	}
}

// goList asks go for packages of this module.
func goList(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports,Deps"}, args...)...)
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	return decode(t, string(out))
}

func decode(t *testing.T, text string) (packages []pkg) {
	t.Helper()
	for d := json.NewDecoder(strings.NewReader(text)); ; {
		var p pkg
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}
