package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// otherEngines stand beside the newest containerd and runc: a test that wants
// one asks for it by name.
func otherEngines() []Part {
	containerd := []string{"usr/bin/containerd", "usr/bin/ctr", "usr/bin/containerd-shim-runc-v2"}
	return append(append(dockerParts(), podmanPart(), crictlPart(), cniPart()),
		debianPart("containerd-1.7", debianRecipe{Suite: "trixie", Packages: []string{"containerd"}, Programs: containerd}),
		debianPart("containerd-2.1", debianRecipe{Suite: "forky", Packages: []string{"containerd"}, Programs: containerd}),
		debianPart("compose", debianRecipe{Suite: "trixie", Packages: []string{"docker-compose"},
			Programs: []string{"usr/libexec/docker/cli-plugins/docker-compose"}}),
	)
}

// Aside is a built part that stands aside.
type Aside struct {
	Name, Version string
	Dir           string // its folder; programs are in bin/
}

// Aside finds a part that stands aside, by its name. Where it is not built the
// error is ErrNotBuilt.
func (l *Lab) Aside(name string) (Aside, error) {
	k, ok := l.aside[name]
	if !ok {
		return Aside{}, &UnknownPartError{Name: name}
	}
	s, err := readStamp(k.dir(l.Layout))
	if errors.Is(err, os.ErrNotExist) {
		return Aside{}, fmt.Errorf("the lab's part %s: %w, or `go run ./lab/cmd/lab build %s`", name, ErrNotBuilt, name)
	}
	if err != nil {
		return Aside{}, err
	}
	version := s.Found
	if version == "" {
		version = s.Version
	}
	return Aside{Name: name, Version: version, Dir: k.dir(l.Layout)}, nil
}

// Bin is the folder of the part's programs.
func (a Aside) Bin() string { return filepath.Join(a.Dir, "bin") }

// Path is the absolute path of one of the part's programs.
func (a Aside) Path(program string) string { return filepath.Join(a.Bin(), program) }
