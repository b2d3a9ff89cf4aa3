package lab

import (
	"context"
	"path/filepath"
)

// clientRecipe takes psql and pgbench out of a PostgreSQL image, with the
// libraries and the loader that they were linked with: the machine needs no
// PostgreSQL packages, and every machine measures with the same client.
type clientRecipe struct {
	Major    string
	Programs []string
	Script   string
}

const clientScript = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
root=$here/../root
for loader in "$root"/lib*/ld-linux-* "$root"/usr/lib*/ld-linux-*; do [ -e "$loader" ] && break; done
for libs in "$root"/usr/lib/*-linux-gnu; do break; done
exec "$loader" --library-path "$libs" "$root/bin/${0##*/}" "$@"
`

func clientPart() Part {
	r := clientRecipe{Major: "17", Programs: []string{"psql", "pgbench", "pg_isready"}, Script: clientScript}
	return Part{Name: "pgclient", Version: r.Major, Needs: []string{"rootfs-postgres-" + r.Major}, Recipe: r, Make: r.make}
}

func (r clientRecipe) make(ctx context.Context, b *Bench) error {
	rootfs := filepath.Join(b.Needs["rootfs-postgres-"+r.Major], "rootfs.tar")
	const script = `set -e
mkdir -p "$2/root"
tar -C "$2/root" --wildcards -xf "$1" './usr/lib/*-linux-gnu/*.so*' './usr/lib*/ld-linux*' "./usr/lib/postgresql/*/bin"
mv "$2"/root/usr/lib/postgresql/*/bin "$2/root/all"
mkdir "$2/root/bin"
for p in $3; do mv "$2/root/all/$p" "$2/root/bin/"; done
rm -rf "$2/root/all" "$2/root/usr/lib/postgresql"`
	programs := ""
	for _, p := range r.Programs {
		programs += p + " "
		if err := writeFile(filepath.Join(b.Dir, "bin", p), r.Script, 0o755); err != nil {
			return err
		}
	}
	if err := b.Run(ctx, nil, "sh", "-c", script, "sh", rootfs, b.Dir, programs); err != nil {
		return err
	}
	return b.Run(ctx, nil, filepath.Join(b.Dir, "bin", "psql"), "--version")
}
