package lab

import (
	"context"
	"slices"
)

// Versions of the engines. They are the newest that the facts in this project
// were seen with; a change rebuilds the part.
const (
	containerdVersion = "v2.4.2"
	runcVersion       = "v1.5.2"
)

// engines are the programs that the Go module proxy provides.
func engines() []Part {
	return []Part{
		goPart("containerd", containerdVersion, goRecipe{
			Module:   "github.com/containerd/containerd/v2",
			Packages: []string{"cmd/containerd", "cmd/ctr", "cmd/containerd-shim-runc-v2"},
			Stamp:    "github.com/containerd/containerd/v2/version.Version=" + containerdVersion,
			Version:  containerdVersion,
		}),
		goPart("runc", runcVersion, goRecipe{
			Module:   "github.com/opencontainers/runc",
			Packages: []string{""},
			Tags:     "seccomp", // without it every container with a seccomp profile fails
			Stamp:    "main.version=" + runcVersion[1:],
			Version:  runcVersion,
		}),
	}
}

// Parts lists everything that the lab is made of. The order is the one in which
// the builds are started: the long ones first.
func Parts(h Host) []Part {
	parts := engines()
	parts = append(parts, criuPart(h), checkpointctlPart(), ferretProgram(), fakeMongod())
	client := clientPart()
	for _, img := range images() {
		rootfs, archive := img.parts()
		if !img.pulled() || slices.Contains(client.Needs, rootfs.Name) {
			parts = append(parts, rootfs)
		}
		if !img.pulled() {
			parts = append(parts, archive)
		}
	}
	return append(append(parts, client), otherEngines()...)
}

func allParts(ctx context.Context, r Reporter) ([]keyed, error) {
	h, err := probeHost(ctx)
	if err != nil {
		return nil, err
	}
	for _, line := range h.Remarks() {
		r.Note(line)
	}
	return keys(Parts(h))
}
