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
	Unpack   string
	Script   string // stands for each program
}

const clientScript = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
root=$here/../root
exec "$root/lib/loader" --library-path "$root/lib" "$root/bin/${0##*/}" "$@"
`

func clientPart() Part {
	r := clientRecipe{Major: "17", Programs: []string{"psql", "pgbench", "pg_isready"}, Unpack: clientUnpack, Script: clientScript}
	return Part{Name: "pgclient", Version: r.Major, Needs: []string{"rootfs-postgres-" + r.Major}, Recipe: r, Make: r.make}
}

// clientUnpack takes ROOTFS PART PROGRAM…; it keeps only the libraries that the
// programs load.
const clientUnpack = `set -e
rootfs=$1 root=$2/root
shift 2
mkdir -p "$root/bin"
tar -C "$root" --wildcards -xf "$rootfs" './usr/lib/*-linux-gnu/*.so*' './usr/lib*/ld-linux*' './usr/lib/postgresql/*/bin'
for p; do mv "$root"/usr/lib/postgresql/*/bin/"$p" "$root/bin/"; done
for loader in "$root"/usr/lib*/ld-linux-*; do break; done
for libs in "$root"/usr/lib/*-linux-gnu; do break; done
mkdir "$root/lib"
for p; do "$loader" --library-path "$libs" --list "$root/bin/$p"; done | awk '$2 == "=>" { print $3 }' | sort -u |
	while read -r lib; do cp -L "$lib" "$root/lib/"; done
cp -L "$loader" "$root/lib/loader"
rm -rf "$root/usr"
`

func (r clientRecipe) make(ctx context.Context, b *Bench) error {
	rootfs := filepath.Join(b.Needs["rootfs-postgres-"+r.Major], "rootfs.tar")
	args := append([]string{"-c", r.Unpack, "sh", rootfs, b.Dir}, r.Programs...)
	if err := b.Run(ctx, nil, "sh", args...); err != nil {
		return err
	}
	for _, p := range r.Programs {
		if err := writeFile(filepath.Join(b.Dir, "bin", p), r.Script, 0o755); err != nil {
			return err
		}
	}
	return b.Run(ctx, nil, filepath.Join(b.Dir, "bin", "psql"), "--version")
}
