package lab

import (
	"context"
	"path/filepath"
)

// mobyVersion is Docker 29's tree on the module proxy.
const mobyVersion = "v2.0.0-beta.24"

// dockerParts are Docker's daemons, each with a command line. Debian has 26 and
// 28; 29 is built, and takes 28's command line.
func dockerParts() []Part {
	newest := mobyRecipe{
		Go: goRecipe{
			Module:   "github.com/moby/moby/v2",
			Packages: []string{"cmd/dockerd", "cmd/docker-proxy"},
			Stamp:    "github.com/moby/moby/v2/dockerversion.Version=29-" + mobyVersion,
			Version:  mobyVersion,
		},
		CLI: "docker-28",
	}
	return []Part{
		debianDocker("docker-26", "trixie"),
		debianDocker("docker-28", "forky"),
		{Name: "docker-29", Version: mobyVersion[1:], Aside: true, Needs: []string{newest.CLI}, Recipe: newest, Make: newest.make},
	}
}

func debianDocker(name, suite string) Part {
	return debianPart(name, debianRecipe{
		Suite: suite, Packages: []string{"docker.io", "docker-cli"},
		Programs: []string{"usr/sbin/dockerd", "usr/sbin/docker-proxy", "usr/bin/docker"},
	})
}

// mobyRecipe builds a dockerd and puts another part's command line beside it.
type mobyRecipe struct {
	Go  goRecipe
	CLI string
}

func (r mobyRecipe) make(ctx context.Context, b *Bench) error {
	if err := r.Go.make(ctx, b); err != nil {
		return err
	}
	return b.Run(ctx, nil, "cp", "--dereference", filepath.Join(b.Needs[r.CLI], "bin", "docker"), filepath.Join(b.Dir, "bin", "docker"))
}
