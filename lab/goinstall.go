package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// goRecipe installs programs from a module at a fixed version.
type goRecipe struct {
	Module   string
	Version  string
	Packages []string
	Tags     string
	Stamp    string // -X: what the program says its version is
}

func goPart(name, version string, r goRecipe) Part {
	return Part{Name: name, Version: strings.TrimPrefix(version, "v"), Recipe: r, Make: r.make}
}

func (r goRecipe) make(ctx context.Context, b *Bench) error {
	goTool, err := findGo()
	if err != nil {
		return err
	}
	b.Say("go install %s@%s", r.Module, r.Version)
	env := []string{"GOBIN=" + filepath.Join(b.Dir, "bin"), "CGO_ENABLED=1", "GOOS=", "GOARCH="}
	return b.Run(ctx, env, goTool, r.args()...)
}

func (r goRecipe) args() []string {
	args := []string{"install", "-trimpath", "-tags", r.Tags, "-ldflags", "-s -w -X " + r.Stamp}
	for _, p := range r.Packages {
		args = append(args, path.Join(r.Module, p)+"@"+r.Version)
	}
	return args
}

// findGo looks where lab/bootstrap.sh looks.
func findGo() (string, error) {
	if p, err := exec.LookPath("go"); err == nil {
		return p, nil
	}
	candidates := []string{"/usr/local/go/bin"}
	if b, err := os.ReadFile(filepath.Join(DefaultLayout().Cache, "go-path")); err == nil {
		candidates = append(candidates, strings.TrimSpace(string(b)))
	}
	for _, dir := range candidates {
		if p, err := exec.LookPath(filepath.Join(dir, "go")); err == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("no Go toolchain found: run lab/bootstrap.sh")
}
