package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// debianRecipe unpacks programs of a Debian suite without installing them.
type debianRecipe struct {
	Suite    string
	Packages []string // the first one's version is the part's
	Programs []string // paths in the packages; they go to bin/
	// Libraries says that the programs are started with the libraries of their
	// own suite, which are unpacked beside them. Not for a program that starts
	// itself again: it would find the loader in its place.
	Libraries bool
	Script    string
}

// debianScript starts a program through the loader that came with it.
const debianScript = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
root=$here/../root
for loader in "$root"/usr/lib*/ld-linux-*; do break; done
for libs in "$root"/usr/lib/*-linux-gnu; do break; done
exec "$loader" --library-path "$libs" "$root/%s" "$@"
`

// debianPart is an engine of another version, which stands aside.
func debianPart(name string, r debianRecipe) Part {
	if r.Libraries {
		r.Script = debianScript
	}
	return Part{Name: name, Version: r.Suite, Aside: true, Recipe: r, Make: r.make}
}

func (r debianRecipe) make(ctx context.Context, b *Bench) error {
	apt, err := newPrivateApt(ctx, b, r.Suite)
	if err != nil {
		return err
	}
	v, err := apt.candidate(ctx, r.Packages[0])
	if err != nil {
		return err
	}
	b.Found(v)
	b.Say("unpacking %v of Debian %s", r.Packages, r.Suite)
	root := filepath.Join(b.Dir, "root")
	if err := r.unpack(ctx, apt, root); err != nil {
		return err
	}
	return r.expose(b.Dir)
}

func (r debianRecipe) unpack(ctx context.Context, apt *privateApt, root string) error {
	if r.Libraries {
		return apt.unpack(ctx, root, r.Packages...)
	}
	for _, name := range r.Packages {
		if err := apt.fetch(ctx, root, name); err != nil {
			return err
		}
	}
	return nil
}

// expose puts the programs into bin/: links, or the scripts that start them.
func (r debianRecipe) expose(dir string) error {
	for _, program := range r.Programs {
		if _, err := os.Stat(filepath.Join(dir, "root", program)); err != nil {
			return fmt.Errorf("the packages %v do not have it: %w", r.Packages, err)
		}
		path := filepath.Join(dir, "bin", filepath.Base(program))
		if r.Libraries {
			if err := writeFile(path, fmt.Sprintf(r.Script, program), 0o755); err != nil {
				return err
			}
			continue
		}
		if err := linkInto(path, filepath.Join("..", "root", program)); err != nil {
			return err
		}
	}
	return nil
}

func linkInto(path, target string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.Symlink(target, path)
}
