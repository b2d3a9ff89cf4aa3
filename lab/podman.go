package lab

import (
	"context"
	"os"
	"path/filepath"
)

// machineRecipe makes a tree of Debian that a test can live in, for an engine
// whose programs start each other by their paths.
type machineRecipe struct{ rootfsRecipe }

func (r machineRecipe) make(ctx context.Context, b *Bench) error {
	if err := r.rootfsRecipe.make(ctx, b); err != nil {
		return err
	}
	archive, tree := filepath.Join(b.Dir, "rootfs.tar"), filepath.Join(b.Dir, "root")
	if err := os.MkdirAll(tree, 0o755); err != nil {
		return err
	}
	if err := b.Run(ctx, nil, "tar", "-x", "--numeric-owner", "-f", archive, "-C", tree); err != nil {
		return err
	}
	return os.Remove(archive)
}

// podmanPart is a machine with Podman, conmon and crun; its runtime and CRIU
// are the lab's.
func podmanPart() Part {
	r := machineRecipe{rootfsRecipe{Suite: "forky",
		Packages: []string{"podman", "conmon", "crun", "libseccomp2"}}}
	return Part{Name: "podman-5", Version: r.Suite, Aside: true, Recipe: r, Make: r.make}
}
