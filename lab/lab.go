package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Lab is the built lab.
type Lab struct {
	Layout
	bins   []string          // the parts' bin folders
	images map[string]string // archive by reference
	aside  map[string]keyed  // parts that stand aside, built or not
}

// Open finds the built lab. Where a program is missing its error is
// ErrNotBuilt; an image, or a part that stands aside, may be missing until
// somebody asks for it.
func Open() (*Lab, error) { return OpenAt(DefaultLayout()) }

// OpenAt is Open for folders of the caller's choice.
func OpenAt(layout Layout) (*Lab, error) {
	parts, err := allParts(context.Background(), silent{})
	if err != nil {
		return nil, err
	}
	l := &Lab{Layout: layout, images: map[string]string{}, aside: map[string]keyed{}}
	ofImages := imageParts()
	for _, k := range parts {
		ref, isImage := ofImages[k.Name]
		switch {
		case k.Aside:
			l.aside[k.Name] = k
		case k.built(layout):
			l.add(k, ref)
		case !isImage:
			return nil, fmt.Errorf("lab: part %s: %w", k.Name, ErrNotBuilt)
		}
	}
	return l, nil
}

// imageParts are the parts that make images; of a root file system, which
// nobody but the builder looks at, the reference is "".
func imageParts() map[string]string {
	refs := map[string]string{}
	for _, i := range images() {
		refs[i.rootfsName()] = ""
		refs[i.partName()] = i.Ref()
	}
	return refs
}

// add notes a built part, and the image that it is, if any.
func (l *Lab) add(k keyed, ref string) {
	bin := filepath.Join(k.dir(l.Layout), "bin")
	if _, err := os.Stat(bin); err == nil {
		l.bins = append(l.bins, bin)
	}
	if ref != "" {
		l.images[ref] = filepath.Join(k.dir(l.Layout), imageArchive)
	}
}

// Path is the absolute path of one of the lab's programs: containerd, ctr,
// containerd-shim-runc-v2, runc, criu, psql, pgbench. It is "" for a program
// that the lab does not have.
func (l *Lab) Path(name string) string {
	for _, dir := range l.bins {
		p := filepath.Join(dir, name)
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return ""
}

// PATH is the search path with the lab's programs before the machine's.
func (l *Lab) PATH(before ...string) string {
	dirs := append(append([]string{}, before...), l.bins...)
	host := os.Getenv("PATH")
	if host == "" {
		host = systemPath
	}
	return strings.Join(append(dirs, host), ":")
}

// Env is the environment with the lab's programs first on PATH, and extra
// NAME=VALUE pairs in the last place, where they win.
func (l *Lab) Env(extra ...string) []string {
	return setEnv(os.Environ(), append([]string{"PATH=" + l.PATH()}, extra...)...)
}

// setEnv replaces variables, so that none stands twice.
func setEnv(env []string, pairs ...string) []string {
	replaced := map[string]bool{}
	for _, p := range pairs {
		name, _, _ := strings.Cut(p, "=")
		replaced[name] = true
	}
	var out []string
	for _, e := range env {
		if name, _, _ := strings.Cut(e, "="); !replaced[name] {
			out = append(out, e)
		}
	}
	last := map[string]string{}
	for _, p := range pairs {
		name, _, _ := strings.Cut(p, "=")
		last[name] = p
	}
	for _, p := range pairs {
		if name, _, _ := strings.Cut(p, "="); last[name] == p {
			out = append(out, p)
			delete(last, name)
		}
	}
	return out
}

// Image is the archive of an image, by its full or short reference.
func (l *Lab) Image(ref string) (string, error) {
	full := fullRef(ref)
	if path, ok := l.images[full]; ok {
		return path, nil
	}
	if slices.Contains(Images(), full) {
		return "", fmt.Errorf("the lab's image %s: %w", full, ErrNotBuilt)
	}
	return "", fmt.Errorf("the lab has no image %s; it has %s", ref, strings.Join(Images(), ", "))
}

// fullRef completes postgres:13 the way that ctr's users have to write it.
func fullRef(ref string) string {
	if strings.Contains(ref, "/") {
		return ref
	}
	return "docker.io/library/" + ref
}

// silent is a Reporter for those who only look.
type silent struct{}

func (silent) Note(string)                       {}
func (silent) Start(string, string)              {}
func (silent) Step(string, string)               {}
func (silent) Done(string, time.Duration, error) {}
