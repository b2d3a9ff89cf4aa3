package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// rootfsRecipe makes the root file system of an image with mmdebstrap.
type rootfsRecipe struct {
	Suite    string
	Packages []string
	Users    []account
	Drop     []string
}

// undocumented is left out of every image.
var undocumented = []string{
	"/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*",
	"/usr/share/lintian/*", "/usr/share/bash-completion/*",
}

// installers are what only Debian's own package scripts need; it goes when they
// have run.
var installers = []string{
	"/usr/share/perl/*", "/usr/lib/*/perl/*", "/usr/lib/*/libperl.so*", "/usr/lib/*/gconv/*",
	"/usr/share/i18n", "/usr/share/debconf", "/var/cache/debconf/*", "/var/cache/apt/*", "/var/log/*.log",
	"/etc/resolv.conf", "/etc/hostname",
}

func (r rootfsRecipe) make(ctx context.Context, b *Bench) error {
	mirror, err := debianMirror()
	if err != nil {
		return err
	}
	args := r.args()
	for _, line := range aptTransport() {
		args = append(args, "--aptopt="+line)
	}
	if _, err := os.Stat(debianKeyring); err == nil {
		args = append(args, "--keyring="+debianKeyring)
	}
	b.Say("mmdebstrap %s with %s", r.Suite, strings.Join(r.Packages, ", "))
	tree := filepath.Join(b.Dir, "rootfs.tar")
	args = append(args, r.Suite, tree, mirror)
	if err := b.Run(ctx, nil, "mmdebstrap", args...); err != nil {
		return fmt.Errorf("%w (if this archive has %s no more, set LULL_LAB_DEBIAN_MIRROR to one that has)", err, r.Suite)
	}
	status, err := b.Output(ctx, nil, "tar", "-xOf", tree, "./var/lib/dpkg/status")
	if err != nil {
		return err
	}
	b.Found(packageVersion(status, r.Packages[0]))
	return nil
}

// packageVersion finds which version of a package dpkg's status file names.
func packageVersion(status, name string) string {
	for _, p := range paragraphs(status) {
		if p["package"] == name {
			return p["version"]
		}
	}
	return ""
}

func (r rootfsRecipe) args() []string {
	args := []string{
		"--variant=minbase",
		"--include=" + strings.Join(r.Packages, ","),
		`--aptopt=Acquire::Check-Valid-Until "false"`,
		`--aptopt=Acquire::Retries "3"`,
		`--aptopt=Acquire::Languages "none"`,
		`--aptopt=APT::Install-Recommends "false"`,
		"--dpkgopt=force-unsafe-io", // the tree is thrown away, only its tar counts
		// Debian's package would make a cluster of its own; the entrypoint does.
		`--setup-hook=mkdir -p "$1/etc/postgresql-common" && echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"`,
	}
	for _, u := range r.Users {
		args = append(args, "--essential-hook="+u.addTo())
	}
	for _, path := range undocumented {
		args = append(args, "--dpkgopt=path-exclude="+path)
	}
	drop := slices.Concat(installers, r.Drop)
	return append(args, `--customize-hook=cd "$1" && rm -rf .`+strings.Join(drop, " ."))
}

// addTo is the shell line that enters an account into a tree's user database.
func (u account) addTo() string {
	return fmt.Sprintf(`echo "%s:x:%d:%d::%s:/bin/bash" >>"$1/etc/passwd"; echo "%s:x:%d:" >>"$1/etc/group"; echo "%s:*:19000::::::" >>"$1/etc/shadow"`,
		u.Name, u.ID, u.ID, u.Home, u.Name, u.ID, u.Name)
}

// staticRecipe makes a root file system of one static busybox and its names.
type staticRecipe struct {
	Suite, Package string
	Names          []string
}

var busyboxNames = []string{
	"sh", "cat", "chmod", "cp", "date", "dd", "echo", "env", "false", "grep", "head", "hostname",
	"id", "ip", "kill", "ln", "ls", "mkdir", "mount", "mv", "nc", "ps", "pwd", "rm", "sed",
	"seq", "sleep", "sync", "tail", "tar", "test", "top", "touch", "true", "tty", "uname", "vi", "wc", "wget", "yes",
}

func (r staticRecipe) make(ctx context.Context, b *Bench) error {
	apt, err := newPrivateApt(ctx, b, r.Suite)
	if err != nil {
		return err
	}
	unpacked, tree := filepath.Join(b.Temp, "deb"), filepath.Join(b.Temp, "tree")
	if err := apt.fetch(ctx, unpacked, r.Package); err != nil {
		return err
	}
	for _, dir := range []string{"bin", "etc", "tmp", "proc", "sys", "dev", "root", "var", "run"} {
		if err := os.MkdirAll(filepath.Join(tree, dir), 0o755); err != nil {
			return err
		}
	}
	if err := b.Run(ctx, nil, "sh", "-c", `for f in "$1"/bin/busybox "$1"/usr/bin/busybox; do [ -f "$f" ] && cp "$f" "$2/bin/"; done; chmod 1777 "$2/tmp"`,
		"sh", unpacked, tree); err != nil {
		return err
	}
	for _, n := range r.Names {
		if err := os.Symlink("busybox", filepath.Join(tree, "bin", n)); err != nil {
			return err
		}
	}
	if err := writeFile(filepath.Join(tree, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n", 0o644); err != nil {
		return err
	}
	return b.Run(ctx, nil, "tar", "-C", tree, "--owner=0", "--group=0", "--numeric-owner", "-cf", filepath.Join(b.Dir, "rootfs.tar"), ".")
}
