package volume

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFingerprintSeesWhatIsThere(t *testing.T) {
	root := tempDir(t)
	awkward(t, root)
	l := fingerprint(t, root)
	for path, want := range map[string]func(*Entry) bool{
		".":           func(e *Entry) bool { return e.Type == Folder && e.Mode == 0o700 && e.UID == 999 },
		"empty":       func(e *Entry) bool { return e.Type == Regular && e.Mode == 0o4755 && e.Size == 0 },
		"PG_VERSION":  func(e *Entry) bool { return e.UID == 999 && e.GID == 998 && e.Mtime == -86400e9+123456789 },
		"holes":       func(e *Entry) bool { return e.Size == 64<<20 && e.Mode == 0 },
		"links/two":   func(e *Entry) bool { return e.Nlink == 3 && len(e.Xattrs["system.posix_acl_access"]) > 0 },
		"base":        func(e *Entry) bool { return len(e.Xattrs["system.posix_acl_default"]) > 0 },
		"dangling":    func(e *Entry) bool { return e.Type == Symlink && e.Target == "bytes \xff\xfe" && e.Size == 8 },
		"absolute":    func(e *Entry) bool { return e.Target == "/etc/passwd" },
		oddName:       func(e *Entry) bool { return e.Type == Regular },
		"pipe":        func(e *Entry) bool { return e.Type == Pipe && e.Mode == 0o640 },
		"pg_stat_tmp": func(e *Entry) bool { return e.Mode == 0o1777 },
		".s.PGSQL.5432": func(e *Entry) bool {
			return e.Type == Socket && e.SHA256 == Digest{}
		},
	} {
		e := entryOf(l, path)
		if e == nil || !want(e) {
			t.Errorf("%q: %+v", path, e)
		}
	}
	if a, b := entryOf(l, "links/one"), entryOf(l, "base/three"); a.SHA256 != b.SHA256 || a.unread() {
		t.Error("two names of one file have two contents")
	}
	if !slices.IsSortedFunc(l.Entries, func(a, b Entry) int { return order(a.Path, b.Path) }) {
		t.Error("the list is not sorted")
	}
	files, bytes := l.Counts()
	if files != int64(len(l.Entries)) || bytes < 64<<20 {
		t.Errorf("%d files, %d bytes", files, bytes)
	}
}

func TestContentDependsOnContentOnly(t *testing.T) {
	a, b := tempDir(t), tempDir(t)
	for _, root := range []string{a, b} {
		awkward(t, root)
	}
	must(t, os.Remove(b+"/.s.PGSQL.5432"))
	must(t, os.Chtimes(b+"/empty", now(), now()))
	la, lb := fingerprint(t, a), fingerprint(t, b)
	if la.Content() == "" || la.Content() != lb.Content() {
		t.Errorf("equal trees have contents %q and %q", la.Content(), lb.Content())
	}
	must(t, os.WriteFile(b+"/base/3/16384", noise("other", 3*8192), 0o644))
	if fingerprint(t, b).Content() == la.Content() {
		t.Error("another tree has the same content")
	}
	bare, err := Fingerprint(t.Context(), a, Options{})
	must(t, err)
	if bare.Content() != "" || bare.Complete() {
		t.Error("a list without contents claims to have them")
	}
}

func TestFingerprintRefusesRoots(t *testing.T) {
	root := tempDir(t)
	must(t, os.Mkdir(root+"/real", 0o700))
	must(t, os.Mkdir(root+"/real/sub", 0o700))
	must(t, os.Symlink("real", root+"/link"))
	write(t, root+"/file", nil)
	for _, path := range []string{root + "/link", root + "/link/sub", root + "/file", root + "/none"} {
		_, err := Fingerprint(t.Context(), path, Options{})
		if !errors.Is(err, ErrPath) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestFingerprintEndsWithItsContext(t *testing.T) {
	root := tempDir(t)
	write(t, root+"/a", []byte("a"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fingerprint(ctx, root, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Fingerprint: %v", err)
	}
}

func TestFingerprintRefusesEndlessDepth(t *testing.T) {
	root := tempDir(t)
	must(t, os.MkdirAll(root+strings.Repeat("/d", maxDepth+2), 0o700))
	if _, err := Fingerprint(t.Context(), root, Options{}); !errors.Is(err, ErrPath) {
		t.Errorf("Fingerprint: %v", err)
	}
}

// What changes between the walk and the reading proves nothing.
func TestReadingNoticesMovement(t *testing.T) {
	for name, move := range map[string]func(path string) error{
		"written":  func(p string) error { return os.WriteFile(p, []byte("B"), 0o600) },
		"gone":     os.Remove,
		"replaced": func(p string) error { return errors.Join(os.Remove(p), os.Symlink("/etc/passwd", p)) },
		"a pipe":   func(p string) error { return errors.Join(os.Remove(p), unix.Mkfifo(p, 0o600)) },
	} {
		t.Run(name, func(t *testing.T) {
			root := tempDir(t)
			write(t, root+"/file", []byte("A"))
			dir, err := openRoot(root)
			must(t, err)
			defer dir.Close()
			l, err := (&walk{ctx: t.Context()}).list(dir)
			must(t, err)
			must(t, move(root+"/file"))
			if err := fillContents(t.Context(), dir, l.Entries); !errors.Is(err, ErrMoving) {
				t.Errorf("fillContents: %v", err)
			}
		})
	}
}

// A folder that turns into a symlink between the listing and the opening is
// not followed.
func TestOpeningFollowsNoSymlink(t *testing.T) {
	root := tempDir(t)
	must(t, os.Symlink("/etc", root+"/dir"))
	dir, err := openRoot(root)
	must(t, err)
	defer dir.Close()
	for _, path := range []string{"dir", "dir/passwd", "../" + root, "/etc/passwd"} {
		for how, open := range map[string]func(int, string, int, uint32) (int, error){
			"openat2": openNoFollow, "stepwise": openStepwise,
		} {
			fd, err := open(int(dir.Fd()), path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
			if err == nil {
				unix.Close(fd)
				t.Errorf("%s opens %s", how, path)
			}
		}
	}
}

func TestFileSystemNames(t *testing.T) {
	for path, want := range map[string]string{"/dev/shm": "tmpfs"} {
		got, err := FileSystem(path)
		if err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", path, got, err, want)
		}
	}
	if _, err := FileSystem(tempDir(t) + "/none"); !errors.Is(err, ErrPath) {
		t.Errorf("FileSystem: %v", err)
	}
	if err := SyncFS(tempDir(t)); err != nil {
		t.Error(err)
	}
}
