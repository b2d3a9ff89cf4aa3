package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// privateApt is an apt of its own for one Debian suite: its lists, cache and
// status lie in the bench's temporary folder, so that the machine's are
// untouched. Proxies and the like are the machine's.
type privateApt struct {
	bench *Bench
	env   []string
	cache string
}

const debianKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

func newPrivateApt(ctx context.Context, b *Bench, suite string) (*privateApt, error) {
	mirror, err := debianMirror()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.Temp, "apt-"+suite)
	a := &privateApt{bench: b, env: []string{"APT_CONFIG=" + filepath.Join(dir, "apt.conf")}, cache: filepath.Join(dir, "archives")}
	for _, d := range []string{"lists/partial", "archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	for name, text := range a.files(dir, mirror, suite) {
		if err := writeFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return nil, err
		}
	}
	b.Say("reading the package list of Debian %s", suite)
	if err := b.Run(ctx, a.env, "apt-get", "-qq", "-o", "Acquire::Retries=3", "update"); err != nil {
		return nil, fmt.Errorf("package list of %s: %w (LULL_LAB_DEBIAN_MIRROR names another archive)", suite, err)
	}
	return a, nil
}

func (a *privateApt) files(dir, mirror, suite string) map[string]string {
	signed := ""
	if _, err := os.Stat(debianKeyring); err == nil {
		signed = "Signed-By: " + debianKeyring + "\n"
	}
	return map[string]string{
		"status":       "",
		"only.sources": fmt.Sprintf("Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n%s", mirror, suite, signed),
		"apt.conf": strings.Join([]string{
			`Dir::State "` + dir + `";`,
			`Dir::State::status "` + dir + `/status";`,
			`Dir::Cache "` + dir + `";`,
			`Dir::Etc::sourcelist "` + dir + `/only.sources";`,
			`Dir::Etc::sourceparts "-";`,
			`Dir::Etc::preferences "-";`,
			`Dir::Etc::preferencesparts "-";`,
			`APT::Sandbox::User "root";`,
			`APT::Install-Recommends "false";`,
			`APT::Default-Release "";`,
			`Acquire::Languages "none";`,
			`Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";`,
			`Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";`,
			`Acquire::Check-Valid-Until "false";`, // sid's list is at times past its date
		}, "\n") + "\n",
	}
}

// candidate is the version of a package that the suite has.
func (a *privateApt) candidate(ctx context.Context, name string) (string, error) {
	out, err := a.bench.Output(ctx, a.env, "apt-cache", "policy", name)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(out) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "Candidate: "); ok {
			return v, nil
		}
	}
	return "", fmt.Errorf("no package %s", name)
}

// unpack puts packages and all their dependencies into a folder without
// installing them: no script of theirs runs.
func (a *privateApt) unpack(ctx context.Context, dir string, names ...string) error {
	args := append([]string{"-qq", "-y", "-o", "Acquire::Retries=3", "--download-only", "install"}, names...)
	if err := a.bench.Run(ctx, a.env, "apt-get", args...); err != nil {
		return err
	}
	return a.extract(ctx, dir)
}

// fetch is unpack without the dependencies.
func (a *privateApt) fetch(ctx context.Context, dir, name string) error {
	if err := a.bench.Run(ctx, a.env, "apt-get", "-qq", "-o", "Acquire::Retries=3", "download", name); err != nil {
		return err
	}
	a.cache = a.bench.Temp // where apt-get download leaves it
	return a.extract(ctx, dir)
}

func (a *privateApt) extract(ctx context.Context, dir string) error {
	debs, err := filepath.Glob(filepath.Join(a.cache, "*.deb"))
	if err != nil || len(debs) == 0 {
		return fmt.Errorf("apt downloaded nothing into %s", a.cache)
	}
	for _, deb := range debs {
		if err := a.bench.Run(ctx, nil, "dpkg", "-x", deb, dir); err != nil {
			return err
		}
	}
	return nil
}
