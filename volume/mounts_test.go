package volume

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// layoutCase is a container: what to make below base, its mounts ("base" is
// put in front of sources), its data folders, and the outcome.
type layoutCase struct {
	dirs    []string
	links   map[string]string
	files   []string
	mounts  []specs.Mount
	folders []string
	roots   []Root
	notes   []string // a part of each
	err     string   // a part of it; "": none
}

func bind(from, to string, options ...string) specs.Mount {
	return specs.Mount{Type: "bind", Source: from, Destination: to, Options: append([]string{"rbind"}, options...)}
}

const pgdata = "/var/lib/postgresql/data"

var layouts = map[string]layoutCase{
	"in the container's own layer": {
		dirs: []string{"rootfs" + pgdata}, folders: []string{pgdata},
		roots: []Root{{RW, pgdata, "rootfs" + pgdata}},
	},
	"a bind mount": {
		dirs: []string{"rootfs" + pgdata, "vol"}, folders: []string{pgdata},
		mounts: []specs.Mount{bind("vol", pgdata)},
		roots:  []Root{{Bind, pgdata, "vol"}},
	},
	"below a bind mount": {
		dirs: []string{"rootfs/var/lib/postgresql", "vol/data/sub"}, folders: []string{pgdata + "/sub/"},
		mounts: []specs.Mount{bind("vol", "/var/lib/postgresql")},
		roots:  []Root{{Bind, pgdata + "/sub", "vol/data/sub"}},
	},
	"a bind mount without a type": {
		dirs: []string{"vol"}, folders: []string{"/d"},
		mounts: []specs.Mount{{Type: "none", Source: "vol", Destination: "/d", Options: []string{"bind"}}},
		roots:  []Root{{Bind, "/d", "vol"}},
	},
	"a source that is a symlink": {
		dirs: []string{"real"}, links: map[string]string{"vol": "real"}, folders: []string{"/d"},
		mounts: []specs.Mount{bind("vol", "/d")},
		roots:  []Root{{Bind, "/d", "real"}},
	},
	"a later mount covers an earlier one": {
		dirs: []string{"one", "two/b"}, folders: []string{"/a/b"},
		mounts: []specs.Mount{bind("one", "/a/b"), bind("two", "/a")},
		roots:  []Root{{Bind, "/a/b", "two/b"}},
	},
	"a mount in the data folder": {
		dirs: []string{"vol/pg_wal", "wal"}, folders: []string{pgdata},
		mounts: []specs.Mount{bind("wal", pgdata+"/pg_wal"), bind("vol", pgdata), bind("wal", pgdata+"/pg_wal")},
		roots:  []Root{{Bind, pgdata, "vol"}, {Bind, pgdata + "/pg_wal", "wal"}},
	},
	"tmpfs": {
		folders: []string{"/d"}, mounts: []specs.Mount{{Type: "tmpfs", Source: "tmpfs", Destination: "/d"}},
		roots: []Root{{Tmpfs, "/d", ""}},
	},
	"tmpfs in the data folder": {
		dirs: []string{"vol/tmp"}, folders: []string{"/d"},
		mounts: []specs.Mount{bind("vol", "/d"), {Type: "tmpfs", Destination: "/d/tmp"}},
		roots:  []Root{{Bind, "/d", "vol"}, {Tmpfs, "/d/tmp", ""}},
	},
	"read-only": {
		dirs: []string{"vol", "more"}, folders: []string{"/d", "/e"},
		mounts: []specs.Mount{bind("vol", "/d", "ro"), bind("more", "/e", "ro", "rw")},
		roots:  []Root{{Bind, "/e", "more"}}, notes: []string{"/d is read-only"},
	},
	"another type": {
		folders: []string{"/d"}, mounts: []specs.Mount{{Type: "overlay", Source: "overlay", Destination: "/d"}},
		err: "type overlay",
	},
	"another type in the data folder": {
		dirs: []string{"vol"}, folders: []string{"/d"},
		mounts: []specs.Mount{bind("vol", "/d"), {Type: "overlay", Destination: "/d/o"}},
		roots:  []Root{{Bind, "/d", "vol"}}, notes: []string{"/d/o is on a mount of type overlay"},
	},
	"pg_wal and tablespaces elsewhere": {
		dirs: []string{"vol/pg_tblspc", "rootfs/wal", "spaces/one"},
		links: map[string]string{"vol/pg_wal": "/wal", "vol/pg_tblspc/16400": "/spaces/one",
			"vol/pg_tblspc/16401": "/spaces/gone", "vol/log": "../../outside"},
		folders: []string{pgdata},
		mounts:  []specs.Mount{bind("vol", pgdata), bind("spaces", "/spaces")},
		roots:   []Root{{Bind, pgdata, "vol"}, {RW, "/wal", "rootfs/wal"}, {Bind, "/spaces/one", "spaces/one"}},
		notes:   []string{"/log is left out", "16401 is left out"},
	},
	"a symlink to a file": {
		dirs: []string{"vol"}, files: []string{"rootfs/etc/postgresql.conf"},
		links: map[string]string{"vol/postgresql.conf": "/etc/postgresql.conf"}, folders: []string{"/d"},
		mounts: []specs.Mount{bind("vol", "/d")},
		roots:  []Root{{Bind, "/d", "vol"}}, notes: []string{"which is no folder"},
	},
	"symlinks within the volume": {
		dirs: []string{"vol/real"}, links: map[string]string{"vol/alias": "real", "vol/up": "/d"}, folders: []string{"/d", "/d/alias"},
		mounts: []specs.Mount{bind("vol", "/d")},
		roots:  []Root{{Bind, "/d", "vol"}},
	},
	"the inner folder first": {
		dirs: []string{"vol/a/b", "rootfs/x"}, folders: []string{"/d/a/b", "/x", "/d"},
		mounts: []specs.Mount{bind("vol", "/d")},
		roots:  []Root{{Bind, "/d", "vol"}, {RW, "/x", "rootfs/x"}},
	},
	"one source at two places": {
		dirs: []string{"vol/in"}, folders: []string{"/e", "/d"},
		mounts: []specs.Mount{bind("vol", "/d"), bind("vol/in", "/e")},
		roots:  []Root{{Bind, "/d", "vol"}},
	},
	"an absolute symlink stays in the container": {
		dirs: []string{"rootfs/etc/real"}, links: map[string]string{"rootfs/data": "/etc/real"}, folders: []string{"/data"},
		roots: []Root{{RW, "/etc/real", "rootfs/etc/real"}},
	},
	"a symlink upwards stays in the container": {
		dirs: []string{"rootfs/etc", "rootfs/srv"}, links: map[string]string{"rootfs/srv/data": "../../../../../../etc"},
		folders: []string{"/srv/data"},
		roots:   []Root{{RW, "/etc", "rootfs/etc"}},
	},
	"a symlink upwards out of a volume": {
		dirs: []string{"vol", "rootfs/etc"}, links: map[string]string{"vol/data": "../../etc"}, folders: []string{"/srv/vol/data"},
		mounts: []specs.Mount{bind("vol", "/srv/vol")},
		roots:  []Root{{RW, "/etc", "rootfs/etc"}},
	},
	"a destination through a symlink": {
		dirs: []string{"rootfs/run", "vol"}, links: map[string]string{"rootfs/var/run": "/run"}, folders: []string{"/run/db", "/var/run/db"},
		mounts: []specs.Mount{bind("vol", "/var/run/db")},
		roots:  []Root{{Bind, "/run/db", "vol"}},
	},
	"symlinks in a circle": {
		links: map[string]string{"rootfs/a": "b", "rootfs/b": "a"}, folders: []string{"/a"}, err: "too many symlinks",
	},
	"a file":                 {files: []string{"rootfs/d"}, folders: []string{"/d"}, err: "no folder"},
	"nothing there":          {folders: []string{"/none"}, err: "no such file"},
	"a source that is gone":  {folders: []string{"/d"}, mounts: []specs.Mount{bind("gone", "/d")}, err: "no such file"},
	"a gone source nearby":   {dirs: []string{"rootfs/d"}, folders: []string{"/d"}, mounts: []specs.Mount{bind("gone", "/e")}, roots: []Root{{RW, "/d", "rootfs/d"}}},
	"a name with a newline":  {dirs: []string{"rootfs/a\nb"}, folders: []string{"/a\nb"}, roots: []Root{{RW, "/a\nb", "rootfs/a\nb"}}},
	"no data folders at all": {},
}

func (c layoutCase) build(t *testing.T) string {
	t.Helper()
	base := tempDir(t)
	must(t, os.MkdirAll(base+"/rootfs", 0o755))
	for _, d := range c.dirs {
		must(t, os.MkdirAll(base+"/"+d, 0o755))
	}
	for _, f := range c.files {
		write(t, base+"/"+f, nil)
	}
	for name, target := range c.links {
		must(t, os.MkdirAll(base+"/"+name[:strings.LastIndex(name, "/")+1], 0o755))
		must(t, os.Symlink(target, base+"/"+name))
	}
	return base
}

func TestMounts(t *testing.T) {
	for name, c := range layouts {
		t.Run(name, func(t *testing.T) {
			base := c.build(t)
			var mounts []specs.Mount
			for _, m := range c.mounts {
				if m.Type == "bind" || m.Type == "none" {
					m.Source = base + "/" + m.Source
				}
				mounts = append(mounts, m)
			}
			got, err := Mounts(mounts, base+"/rootfs", c.folders)
			if c.err != "" || err != nil {
				if err == nil || c.err == "" || !errors.Is(err, ErrMount) || !strings.Contains(err.Error(), c.err) {
					t.Errorf("Mounts: %v, want %q", err, c.err)
				}
				return
			}
			for i, r := range got.Roots {
				got.Roots[i].Source = strings.TrimPrefix(r.Source, base+"/")
			}
			if d := cmp.Diff(c.roots, got.Roots); d != "" {
				t.Error(d)
			}
			checkNotes(t, got.Notes, c.notes)
		})
	}
}

func checkNotes(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("notes %q, want %q", got, want)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("note %q, want %q", got[i], want[i])
		}
	}
}

func TestMountsOfNothing(t *testing.T) {
	base := tempDir(t)
	if _, err := Mounts(nil, base+"/none", nil); !errors.Is(err, ErrMount) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Mounts: %v", err)
	}
	if _, err := Mounts(nil, base, []string{"/none"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Mounts: %v", err)
	}
}

// What the host has mounted in a volume comes along with rbind and is a root
// of its own; with bind the container does not see it.
func TestMountsOfTheHost(t *testing.T) {
	if !ownMounts(t) {
		return
	}
	base := tempDir(t)
	for _, d := range []string{"rootfs", "vol/pg_wal/deep", "vol/data"} {
		must(t, os.MkdirAll(base+"/"+d, 0o755))
	}
	mountTmpfs(t, base+"/vol/pg_wal")
	for kind, want := range map[string][]Root{
		"rbind": {{Bind, "/d", base + "/vol"}, {Bind, "/d/pg_wal", base + "/vol/pg_wal"}},
		"bind":  {{Bind, "/d", base + "/vol"}},
	} {
		m := specs.Mount{Type: "bind", Source: base + "/vol", Destination: "/d", Options: []string{kind}}
		got, err := Mounts([]specs.Mount{m}, base+"/rootfs", []string{"/d"})
		must(t, err)
		if d := cmp.Diff(want, got.Roots); d != "" {
			t.Errorf("%s: %s", kind, d)
		}
	}
	l := fingerprint(t, base+"/vol")
	if e := entryOf(l, "pg_wal"); !e.Mount {
		t.Errorf("%+v", e)
	}
}

// Whatever symlinks a container makes, a root is never outside of its root
// file system and its mounts' sources.
func FuzzMountsStayInside(f *testing.F) {
	f.Add("../../..", "/a/../..", "data/../../x")
	f.Add("/proc/self/root/etc", "..", "l1/l2/l1")
	f.Fuzz(func(t *testing.T, one, two, folder string) {
		base := t.TempDir()
		must(t, os.MkdirAll(base+"/rootfs/d", 0o755))
		must(t, os.MkdirAll(base+"/vol/d", 0o755))
		if os.Symlink(one, base+"/rootfs/l1") != nil || os.Symlink(two, base+"/vol/l2") != nil {
			t.Skip("not a symlink's target")
		}
		got, err := Mounts([]specs.Mount{bind(base+"/vol", "/d")}, base+"/rootfs", []string{folder, "/l1", "/d/l2", "/d"})
		if err != nil {
			return
		}
		for _, r := range got.Roots {
			if !inside(r.Source, base+"/rootfs") && !inside(r.Source, base+"/vol") {
				t.Fatalf("%+v is outside", r)
			}
		}
	})
}
