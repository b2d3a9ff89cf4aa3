package volume

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func now() time.Time { return time.Now() }

// trusted skips where times prove nothing, and says so.
func trusted(t testing.TB, l *List) {
	t.Helper()
	if l.Header.Witness == untrusted {
		t.Skipf("the temp folder is on %s, whose times prove nothing: set TMPDIR to a local file system", l.Header.FileSystem)
	}
}

func TestCompareReadsNothingWhenNothingWasTouched(t *testing.T) {
	root := tempDir(t)
	awkward(t, root)
	for _, content := range []bool{true, false} {
		l, err := Fingerprint(t.Context(), root, Options{Content: content})
		must(t, err)
		trusted(t, l)
		if d := compare(t, root, l); d.Any() || d.Hashed != 0 {
			t.Errorf("content %t: %v, %d files read", content, d, d.Hashed)
		}
	}
}

// keepTimes runs change and puts the file's mtime back.
func keepTimes(path string, change func() error) error {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	return unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{st.Atim, st.Mtim}, 0)
}

func overwrite(path string, at int64, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte(text), at)
	return errors.Join(err, f.Close())
}

// again makes a new file with the same contents, mode, owner and attributes.
func again(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}

var comparisons = map[string]struct {
	change  func(root string) error
	changed string // path, "": none
	added   string
	removed string
}{
	"nothing": {change: func(string) error { return nil }},
	"equal size, equal mtime, other contents": {changed: "base/1/16384", change: func(r string) error {
		p := r + "/base/1/16384"
		return keepTimes(p, func() error { return overwrite(p, 4096, "torn") })
	}},
	"one byte at the end of a hole": {changed: "holes", change: func(r string) error {
		return keepTimes(r+"/holes", func() error { return overwrite(r+"/holes", 64<<20-1, "x") })
	}},
	"zeros instead of a hole": {change: func(r string) error { return overwrite(r+"/holes", 1<<20, "\x00\x00") }},
	"touched":                 {change: func(r string) error { return os.Chtimes(r+"/base/1/16384", now(), now()) }},
	"written with the same":   {change: func(r string) error { return overwrite(r+"/PG_VERSION", 0, "17\n") }},
	"made again, the same":    {change: func(r string) error { return again(r + "/base/2/16384") }},
	"longer":                  {changed: "PG_VERSION", change: func(r string) error { return os.Truncate(r+"/PG_VERSION", 4) }},
	"mode":                    {changed: "PG_VERSION", change: func(r string) error { return os.Chmod(r+"/PG_VERSION", 0o644) }},
	"setuid gone":             {changed: "empty", change: func(r string) error { return unix.Chmod(r+"/empty", 0o755) }},
	"owner":                   {changed: "PG_VERSION", change: func(r string) error { return os.Lchown(r+"/PG_VERSION", 999, 999) }},
	"owner of a symlink":      {changed: "relative", change: func(r string) error { return os.Lchown(r+"/relative", 1, 1) }},
	"ACL": {changed: "links/one", change: func(r string) error {
		return unix.Lsetxattr(r+"/links/one", "system.posix_acl_access", acl(6), 0)
	}},
	"attribute": {changed: "PG_VERSION", change: func(r string) error {
		return unix.Lsetxattr(r+"/PG_VERSION", "user.binary", []byte("x"), 0)
	}},
	"an attribute of the host's": {change: func(r string) error {
		return unix.Lsetxattr(r+"/PG_VERSION", "trusted.label", []byte("x"), 0)
	}},
	"mode of the root":  {changed: ".", change: func(r string) error { return os.Chmod(r, 0o750) }},
	"a folder's times":  {change: func(r string) error { return os.Chtimes(r+"/base", now(), now()) }},
	"an added file":     {added: "new", change: func(r string) error { return os.WriteFile(r+"/new", nil, 0o600) }},
	"an added folder":   {added: "base/new", change: func(r string) error { return os.Mkdir(r+"/base/new", 0o700) }},
	"a removed file":    {removed: "base/3/16384", change: func(r string) error { return os.Remove(r + "/base/3/16384") }},
	"a removed folder":  {removed: "pg_stat_tmp/inner", change: func(r string) error { return os.Remove(r + "/pg_stat_tmp/inner") }},
	"a removed pipe":    {removed: "pipe", change: func(r string) error { return os.Remove(r + "/pipe") }},
	"a removed socket":  {change: func(r string) error { return os.Remove(r + "/.s.PGSQL.5432") }},
	"an added socket":   {change: func(r string) error { return unix.Mknod(r+"/sock", unix.S_IFSOCK|0o600, 0) }},
	"a symlink's end":   {changed: "relative", change: func(r string) error { return relink(r+"/relative", "../elsewherf") }},
	"a file, a symlink": {changed: "empty", change: func(r string) error { return relink(r+"/empty", "PG_VERSION") }},
	"a file, a folder": {changed: "empty", change: func(r string) error {
		return errors.Join(os.Remove(r+"/empty"), os.Mkdir(r+"/empty", 0o755))
	}},
	"an odd name": {changed: oddName, change: func(r string) error { return overwrite(r+"/"+oddName, 0, "ODD") }},
	"a put back's own folder": {change: func(r string) error {
		return os.Mkdir(r+"/"+workInside, 0o700)
	}},
	"a folder of that name deeper": {added: "base/" + workInside, change: func(r string) error {
		return os.Mkdir(r+"/base/"+workInside, 0o700)
	}},
}

func relink(path, target string) error {
	return errors.Join(os.Remove(path), os.Symlink(target, path))
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for name, c := range comparisons {
		t.Run(name, func(t *testing.T) {
			root := tempDir(t)
			awkward(t, root)
			l := fingerprint(t, root)
			must(t, c.change(root))
			d := compare(t, root, l)
			one(t, "changed", d.Changed, c.changed)
			one(t, "added", d.Added, c.added)
			one(t, "removed", d.Removed, c.removed)
			if d.Any() == (d.String() == "no difference") || strings.Contains(d.String(), "\n") {
				t.Errorf("it says %q", d)
			}
		})
	}
}

// one fails unless want, if any, is in got; the names of hard links may follow.
func one(t *testing.T, what string, got []string, want string) {
	t.Helper()
	for _, path := range got {
		if path == want {
			return
		}
	}
	if want != "" || len(got) > 0 {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// A page that was dirty in a shared mapping before the fingerprint is stored
// to again afterwards: only the syncfs makes the second store move the ctime.
func TestCompareSeesStoresThroughAMapping(t *testing.T) {
	root := tempDir(t)
	write(t, root+"/mapped", make([]byte, 8192))
	f, err := os.OpenFile(root+"/mapped", os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	m, err := unix.Mmap(int(f.Fd()), 0, 8192, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	must(t, err)
	defer func() { must(t, unix.Munmap(m)) }()
	for _, content := range []bool{true, false} {
		m[0]++
		l, err := Fingerprint(t.Context(), root, Options{Content: content})
		must(t, err)
		trusted(t, l)
		m[1]++
		if d := compare(t, root, l); len(d.Changed) != 1 {
			t.Errorf("content %t: %v", content, d)
		}
	}
}

// A write right after the fingerprint is seen, however coarse the clock is.
func TestCompareSeesAnImmediateWrite(t *testing.T) {
	root := tempDir(t)
	write(t, root+"/segment", []byte("aaaa"))
	for i := range 50 {
		must(t, overwrite(root+"/segment", 0, string(rune('a'+i%2))))
		l, err := Fingerprint(t.Context(), root, Options{})
		must(t, err)
		trusted(t, l)
		must(t, keepTimes(root+"/segment", func() error { return overwrite(root+"/segment", 0, string(rune('b'-i%2))) }))
		if d := compare(t, root, l); !d.Any() {
			t.Fatalf("write %d is not seen", i)
		}
	}
}

// After a reboot, a new mount or on another host times are not believed.
func TestCompareReadsWithoutAWitness(t *testing.T) {
	root := tempDir(t)
	awkward(t, root)
	l := fingerprint(t, root)
	l.Header.Witness = "another boot"
	d := compare(t, root, l)
	if d.Any() || d.Hashed == 0 {
		t.Errorf("%v, %d files read", d, d.Hashed)
	}
	entryOf(l, "base/1/16384").SHA256[0]++
	if d := compare(t, root, l); len(d.Changed) != 1 || d.Why["base/1/16384"] != "contents" {
		t.Errorf("equal times and other contents: %v", d)
	}
}

func TestCompareWithoutContentsBelievesNothingTouched(t *testing.T) {
	root := tempDir(t)
	write(t, root+"/file", []byte("text"))
	l, err := Fingerprint(t.Context(), root, Options{})
	must(t, err)
	must(t, os.Chtimes(root+"/file", now(), now()))
	if d := compare(t, root, l); len(d.Changed) != 1 {
		t.Errorf("%v", d)
	}
}

// When a difference is certain the rest is not read.
func TestCompareStopsReadingWhenTheVerdictIsClear(t *testing.T) {
	root := tempDir(t)
	awkward(t, root)
	l := fingerprint(t, root)
	l.Header.Witness = untrusted
	must(t, os.Remove(root+"/PG_VERSION"))
	d := compare(t, root, l)
	if len(d.Removed) != 1 || d.Hashed != 0 || d.Unread == 0 {
		t.Errorf("%v, %d read, %d unread", d, d.Hashed, d.Unread)
	}
}

func TestSettledStamps(t *testing.T) {
	const second = int64(time.Second)
	for _, c := range []struct {
		ctime, taken int64
		want         bool
	}{
		{second + 1, second + 2, true}, {second + 1, second + 1, false}, {second + 2, second + 1, false},
		{second, second + 5, false}, {second, 2 * second, false}, {second, 2*second + 1, true},
	} {
		if got := settled(c.ctime, c.taken); got != c.want {
			t.Errorf("settled(%d, %d) = %t", c.ctime, c.taken, got)
		}
	}
}

func TestDriftNamesThree(t *testing.T) {
	d := Drift{Added: []string{"c", "d\n"}, Removed: []string{"e"}}
	d.change("a", "contents")
	d.change("b", "mode 0644, was 0600")
	want := "2 changed, 2 added, 1 removed: a (contents), b (mode 0644, was 0600), c (added), …"
	if d.String() != want {
		t.Errorf("%q", d)
	}
	if got := (Drift{Added: []string{"d\n"}}).String(); got != `1 added: "d\n" (added)` {
		t.Errorf("%q", got)
	}
}
