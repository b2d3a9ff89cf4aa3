package lab

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed preload/prlimit.c
var prlimitSource string

// criuRecipe puts a `criu` on the lab's PATH: the machine's own where it passes
// the probe, else a newer Debian's, unpacked with its own libc into a private
// folder.
type criuRecipe struct {
	Host    string   // path of the machine's own CRIU, "" to unpack one
	Suites  []string // Debian suites to look in, first match wins
	Oldest  string
	Preload string // source of the preloaded library, "" where it is not needed
	Script  string
}

// criuScript starts CRIU through the loader that came with it, so that nothing
// of the machine's libc is used or changed.
const criuScript = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
root=$here/../root
set -- "$root/usr/sbin/criu" "$@"
[ -e "$here/../lib/prlimit.so" ] && set -- --preload "$here/../lib/prlimit.so" "$@"
for loader in "$root"/usr/lib*/ld-linux-*; do break; done
for libs in "$root"/usr/lib/*-linux-gnu; do break; done
exec "$loader" --library-path "$libs" "$@"
`

const criuHostScript = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
[ -e "$here/../lib/prlimit.so" ] && export LD_PRELOAD="$here/../lib/prlimit.so"
exec %s "$@"
`

func criuPart(h Host) Part {
	r := criuRecipe{Suites: []string{"forky", "sid"}, Oldest: criuFor(h.Kernel).String(), Script: criuScript}
	version := "debian"
	if h.rejectCRIU() == "" {
		r = criuRecipe{Host: h.CRIU, Script: fmt.Sprintf(criuHostScript, h.CRIU)}
		version = "host-" + h.CRIUVersion.String()
	}
	if !h.SysResource {
		r.Preload = prlimitSource
	}
	return Part{Name: "criu", Version: version, Recipe: r, Make: r.make}
}

func (r criuRecipe) make(ctx context.Context, b *Bench) error {
	if r.Host == "" {
		if err := r.unpack(ctx, b); err != nil {
			return err
		}
	}
	if r.Preload != "" {
		if err := r.preload(ctx, b); err != nil {
			return err
		}
	}
	wrapper := filepath.Join(b.Dir, "bin", "criu")
	if err := writeFile(wrapper, r.Script, 0o755); err != nil {
		return err
	}
	return r.check(ctx, b, wrapper)
}

// unpack takes CRIU from the first suite that has one new enough.
func (r criuRecipe) unpack(ctx context.Context, b *Bench) error {
	for _, suite := range r.Suites {
		apt, err := newPrivateApt(ctx, b, suite)
		if err != nil {
			return err
		}
		v, err := apt.candidate(ctx, "criu")
		if err != nil {
			return err
		}
		if parseVersion(v).less(parseVersion(r.Oldest)) {
			b.Say("%s has CRIU %s, too old", suite, v)
			continue
		}
		b.Say("unpacking CRIU %s of Debian %s", v, suite)
		return apt.unpack(ctx, filepath.Join(b.Dir, "root"), "criu")
	}
	return fmt.Errorf("no CRIU %s or newer in Debian %v", r.Oldest, r.Suites)
}

func (r criuRecipe) preload(ctx context.Context, b *Bench) error {
	source := filepath.Join(b.Temp, "prlimit.c")
	if err := writeFile(source, r.Preload, 0o644); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(b.Dir, "lib"), 0o755); err != nil {
		return err
	}
	return b.Run(ctx, nil, "gcc", "-O2", "-Wall", "-shared", "-fPIC", "-o", filepath.Join(b.Dir, "lib", "prlimit.so"), source)
}

// check runs what was put together: a CRIU that does not start is worth
// nothing.
func (r criuRecipe) check(ctx context.Context, b *Bench, wrapper string) error {
	out, err := b.Output(ctx, nil, wrapper, "--version")
	if err != nil {
		return err
	}
	b.Found(criuVersion(out).String())
	if err := b.Run(ctx, nil, wrapper, "check"); err != nil {
		return fmt.Errorf("this kernel lacks what CRIU needs (criu check): %w", err)
	}
	return nil
}

// writeFile writes a file, and its folder where it is missing.
func writeFile(path, text string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), mode)
}
