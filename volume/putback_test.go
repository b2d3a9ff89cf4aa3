package volume

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// fixture is some volumes with contents of their own, and captures of other
// contents to put back.
type fixture struct {
	base  string
	dsts  []string
	pairs []Pair
	old   []*List
}

// oldTree and newTree share names, so that a mix would show.
func oldTree(t testing.TB, root string) {
	t.Helper()
	write(t, root+"/base/1/100", []byte("old 100"))
	write(t, root+"/base/1/only-old", []byte("old"))
	write(t, root+"/only-old", []byte("old"))
	write(t, root+"/pg_control", []byte("old control"))
	must(t, os.MkdirAll(root+"/a-folder-here/inner", 0o700))
	must(t, os.Symlink("old", root+"/link"))
	must(t, os.Chmod(root, 0o700))
	must(t, os.Lchown(root, 999, 999))
}

func newTree(t testing.TB, root string) {
	t.Helper()
	write(t, root+"/base/1/100", []byte("new 100"))
	write(t, root+"/base/2/only-new", []byte("new"))
	write(t, root+"/only-new", []byte("new"))
	write(t, root+"/pg_control", []byte("new control"))
	write(t, root+"/a-folder-here", []byte("a file there"))
	must(t, os.Symlink("new", root+"/link"))
	must(t, os.Chmod(root, 0o750))
	must(t, os.Lchown(root, 998, 998))
}

func newFixture(t testing.TB, volumes int) *fixture {
	t.Helper()
	needRoot(t)
	f := &fixture{base: tempDir(t)}
	for i := range volumes {
		dst := fmt.Sprintf("%s/volumes/%d", f.base, i)
		must(t, os.MkdirAll(dst, 0o700))
		f.add(t, i, dst)
	}
	return f
}

// add fills dst and makes a capture for it.
func (f *fixture) add(t testing.TB, i int, dst string) {
	t.Helper()
	src, capture := fmt.Sprintf("%s/src/%d", f.base, i), fmt.Sprintf("%s/store/%d", f.base, i)
	must(t, os.MkdirAll(src, 0o700))
	oldTree(t, dst)
	newTree(t, src)
	r := captured(t, src, capture, CaptureOptions{Hash: true})
	f.dsts = append(f.dsts, dst)
	f.pairs = append(f.pairs, Pair{Capture: capture, Dst: dst, List: r.List})
	f.old = append(f.old, fingerprint(t, dst))
}

// is fails unless all volumes are what the outcome says, and nothing is left.
func (f *fixture) is(t testing.TB, want Outcome) {
	t.Helper()
	for i, dst := range f.dsts {
		list := f.old[i]
		if want == New {
			list = f.pairs[i].List
		}
		same(t, dst, list)
		if left := workFolders(t, dst); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	for _, p := range f.pairs {
		same(t, p.Capture, p.List)
	}
}

func workFolders(t testing.TB, dst string) []string {
	t.Helper()
	var found []string
	for _, dir := range []string{dst, dst + "/.."} {
		entries, err := os.ReadDir(dir)
		must(t, err)
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), workInside) || e.Name() == folderTemp {
				found = append(found, dir+"/"+e.Name())
			}
		}
	}
	return found
}

func inodeOf(t testing.TB, path string) uint64 {
	t.Helper()
	var st unix.Stat_t
	must(t, unix.Lstat(path, &st))
	return st.Ino
}

func TestPutBackThenCommit(t *testing.T) {
	f := newFixture(t, 2)
	before := inodeOf(t, f.dsts[0])
	r, err := PutBack(t.Context(), f.pairs, PutBackOptions{})
	must(t, err)
	for i, p := range f.pairs {
		same(t, p.Dst, p.List)
		same(t, r.Aside()[i], without(f.old[i], "."))
	}
	must(t, r.Commit(t.Context()))
	f.is(t, New)
	if inodeOf(t, f.dsts[0]) != before {
		t.Error("the volume's own folder is another one: mounts and leases would miss it")
	}
}

// without drops the root's own metadata from what is compared.
func without(l *List, path string) *List {
	c := *l
	c.Entries = append([]Entry{}, l.Entries...)
	e := entryOf(&c, path)
	e.Mode, e.UID, e.GID = 0o700, 0, 0
	return &c
}

func TestPutBackThenUndo(t *testing.T) {
	f := newFixture(t, 2)
	r, err := PutBack(t.Context(), f.pairs, PutBackOptions{})
	must(t, err)
	write(t, f.dsts[1]+"/base/written-since", []byte("by a server that failed its verification"))
	must(t, r.Undo(t.Context()))
	f.is(t, Old)
	if out, err := Recover(t.Context(), f.dsts[0]); out != Nothing || err != nil {
		t.Errorf("Recover: %s, %v", out, err)
	}
}

func TestPutBackKeepsEverything(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 0)
	dst := f.base + "/dst"
	must(t, os.MkdirAll(f.base+"/awkward", 0o700))
	awkward(t, f.base+"/awkward")
	must(t, os.Mkdir(dst, 0o700))
	awkward(t, dst)
	write(t, dst+"/base/5/16384", []byte("written since"))
	c := captured(t, f.base+"/awkward", f.base+"/capture", CaptureOptions{})
	r, err := PutBack(t.Context(), []Pair{{Capture: f.base + "/capture", Dst: dst, List: c.List}}, PutBackOptions{})
	must(t, err)
	must(t, r.Commit(t.Context()))
	alike(t, f.base+"/awkward", dst)
}

var errStep = errors.New("the step failed")

// failAt gives a hook that fails its nth call, and the count of its calls.
func failAt(n int, fail func() error) (func(string) error, *int) {
	calls := 0
	return func(string) error {
		if calls++; calls == n {
			return fail()
		}
		return nil
	}, &calls
}

// A failure at any step leaves every volume as it was.
func TestPutBackFailsAtEachStep(t *testing.T) {
	t.Parallel()
	for n, f := 1, newFixture(t, 2); ; n++ {
		step, calls := failAt(n, func() error { return errStep })
		r, err := PutBack(t.Context(), f.pairs, PutBackOptions{Step: step})
		if err == nil {
			if *calls != n-1 || n < 20 {
				t.Fatalf("%d steps, %d calls", n, *calls)
			}
			for _, s := range r.sites {
				s.step = func(string) error { return nil }
			}
			must(t, r.Undo(t.Context()))
			f.is(t, Old)
			break
		}
		if !errors.Is(err, errStep) || r != nil {
			t.Fatalf("step %d: %v", n, err)
		}
		f.is(t, Old)
	}
}

func TestPutBackEndsWithItsContext(t *testing.T) {
	f := newFixture(t, 2)
	ctx, cancel := context.WithCancel(t.Context())
	step := func(s string) error {
		if s == "after staging" {
			cancel()
		}
		return nil
	}
	if _, err := PutBack(ctx, f.pairs, PutBackOptions{Step: step}); !errors.Is(err, context.Canceled) {
		t.Fatalf("PutBack: %v", err)
	}
	f.is(t, Old)
}

func TestPutBackRefusesAnAlteredCapture(t *testing.T) {
	for name, spoil := range map[string]func(capture string) error{
		"contents": func(c string) error {
			return keepTimes(c+"/pg_control", func() error { return flip(c+"/pg_control", 3) })
		},
		"mode":    func(c string) error { return os.Chmod(c+"/only-new", 0o777) },
		"added":   func(c string) error { return os.WriteFile(c+"/postgresql.auto.conf", nil, 0o600) },
		"removed": func(c string) error { return os.Remove(c + "/base/2/only-new") },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, 2)
			must(t, spoil(f.pairs[1].Capture))
			if _, err := PutBack(t.Context(), f.pairs, PutBackOptions{}); !errors.Is(err, ErrCapture) {
				t.Fatalf("PutBack: %v", err)
			}
			for i, dst := range f.dsts {
				same(t, dst, f.old[i])
			}
			onlyIn(t, f.base+"/volumes", "0", "1")
		})
	}
}

func TestPutBackRefuses(t *testing.T) {
	f := newFixture(t, 1)
	inner := f.dsts[0] + "/base"
	link := f.base + "/link"
	must(t, os.Symlink(f.dsts[0], link))
	for name, c := range map[string]struct {
		pairs []Pair
		want  error
	}{
		"a volume in another": {[]Pair{f.pairs[0], {Capture: f.pairs[0].Capture, Dst: inner}}, ErrPath},
		"a volume twice":      {[]Pair{f.pairs[0], f.pairs[0]}, ErrPath},
		"a symlink":           {[]Pair{{Capture: f.pairs[0].Capture, Dst: link}}, ErrPath},
		"no capture":          {[]Pair{{Capture: f.base + "/none", Dst: f.dsts[0]}}, ErrPath},
		"no volume":           {[]Pair{{Capture: f.pairs[0].Capture, Dst: f.base + "/none"}}, ErrPath},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := PutBack(t.Context(), c.pairs, PutBackOptions{}); !errors.Is(err, c.want) {
				t.Errorf("PutBack: %v", err)
			}
			f.is(t, Old)
		})
	}
}

func TestPutBackOneAtATime(t *testing.T) {
	f := newFixture(t, 1)
	r, err := PutBack(t.Context(), f.pairs, PutBackOptions{})
	must(t, err)
	if _, err := PutBack(t.Context(), f.pairs, PutBackOptions{}); !errors.Is(err, ErrBusy) {
		t.Errorf("a second PutBack: %v", err)
	}
	if _, err := Recover(t.Context(), f.dsts[0]); !errors.Is(err, ErrBusy) {
		t.Errorf("Recover: %v", err)
	}
	same(t, f.dsts[0], f.pairs[0].List)
	must(t, r.Commit(t.Context()))
	f.is(t, New)
}

// What lull did not make it does not touch.
func TestRecoverRefusesStrangers(t *testing.T) {
	for name, c := range map[string]struct {
		make func(work string) error
		want error
	}{
		"files without a journal": {func(w string) error { return os.WriteFile(w+"/file", nil, 0o600) }, ErrJournal},
		"another format":          {func(w string) error { return os.WriteFile(w+"/journal", []byte("{}"), 0o600) }, ErrJournal},
		"a journal that leads away": {func(w string) error {
			return os.Symlink("/etc/passwd", w+"/journal")
		}, ErrJournal},
		"open to others":         {func(w string) error { return os.Chmod(w, 0o755) }, ErrJournal},
		"of another user":        {func(w string) error { return os.Lchown(w, 999, 999) }, ErrJournal},
		"a symlink in its place": {func(w string) error { return relink(w, "/etc") }, ErrJournal},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, 1)
			work := f.dsts[0] + "/" + workInside
			must(t, os.Mkdir(work, 0o700))
			must(t, c.make(work))
			if out, err := Recover(t.Context(), f.dsts[0]); !errors.Is(err, c.want) || out != Nothing {
				t.Errorf("Recover: %s, %v", out, err)
			}
			same(t, f.dsts[0], f.old[0])
		})
	}
}

func TestPutBackRefusesMountsInTheVolume(t *testing.T) {
	if !ownMounts(t) {
		return
	}
	f := newFixture(t, 1)
	mountTmpfs(t, f.dsts[0]+"/a-folder-here")
	_, err := PutBack(t.Context(), f.pairs, PutBackOptions{})
	if !errors.Is(err, ErrPath) || !strings.Contains(err.Error(), "mount point") {
		t.Errorf("PutBack: %v", err)
	}
	onlyIn(t, f.base+"/volumes", "0")
}

func TestPutBackNeedsRoom(t *testing.T) {
	if !ownMounts(t) {
		return
	}
	dir, _ := mountImage(t, "ext4", 8<<20)
	f := &fixture{base: tempDir(t)}
	must(t, os.Mkdir(dir+"/db", 0o700))
	f.add(t, 0, dir+"/db")
	src := f.base + "/large"
	write(t, src+"/large", noise("large", 16<<20))
	captured(t, src, f.base+"/capture", CaptureOptions{})
	_, err := PutBack(t.Context(), []Pair{{Capture: f.base + "/capture", Dst: dir + "/db"}}, PutBackOptions{})
	if !errors.Is(err, ErrRoom) {
		t.Errorf("PutBack: %v", err)
	}
	f.is(t, Old)
}

func TestAsideIsNamed(t *testing.T) {
	f := newFixture(t, 1)
	r, err := PutBack(t.Context(), f.pairs, PutBackOptions{})
	must(t, err)
	want := []string{fmt.Sprintf("%s/volumes/.lull-putback-%d/old", f.base, inodeOf(t, f.dsts[0]))}
	if d := cmp.Diff(want, r.Aside()); d != "" {
		t.Error(d)
	}
	must(t, r.Undo(t.Context()))
}
