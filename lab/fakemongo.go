package lab

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
)

// The fake's sources decide whether it has to be built again.
//
//go:embed fakemongod
var fakeSources embed.FS

// fakeMongod is the fake mongod as a program, and its fake shell, which only its image wants.
func fakeMongod() Part {
	return Part{Name: "fakemongod", Version: "source", Aside: true, Recipe: sourcesOf(fakeSources), Make: makeFake}
}

func sourcesOf(files fs.FS) map[string]string {
	out := map[string]string{}
	_ = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		out[name] = string(text)
		return err
	})
	return out
}

// makeFake builds it from this module, which the lab is run in.
func makeFake(ctx context.Context, b *Bench) error {
	goTool, err := findGo()
	if err != nil {
		return err
	}
	b.Say("go build the fake mongod")
	source, err := exec.CommandContext(ctx, goTool, "env", "GOMOD").Output()
	if err != nil {
		return err
	}
	err = b.Run(ctx, []string{"CGO_ENABLED=0"}, goTool, "-C", filepath.Dir(string(source)), "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w",
		"-o", filepath.Join(b.Dir, "bin")+"/", "github.com/lull-containers/lull/lab/fakemongod/cmd/...")
	if err != nil {
		return fmt.Errorf("%w (the lab builds it from lull's sources: run it there)", err)
	}
	return nil
}
