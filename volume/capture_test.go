package volume

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// captured captures and publishes.
func captured(t testing.TB, src, dst string, o CaptureOptions) *Result {
	t.Helper()
	r, err := Capture(t.Context(), src, dst, o)
	must(t, err)
	must(t, r.Publish(t.Context()))
	return r
}

// alike compares what a copy has to keep and Compare is lenient about: times,
// links, holes, every attribute.
func alike(t *testing.T, src, dst string) {
	t.Helper()
	a, b := fingerprint(t, src), fingerprint(t, dst)
	if a.Content() != b.Content() {
		t.Error("the contents differ")
	}
	for i := range min(len(a.Entries), len(b.Entries)) {
		x, y := a.Entries[i], b.Entries[i]
		x.Ctime, x.Inode, x.Device = y.Ctime, y.Inode, y.Device
		if d := cmp.Diff(x, y); d != "" {
			t.Errorf("%q: %s", x.Path, d)
		}
	}
	if len(a.Entries) != len(b.Entries) {
		t.Errorf("%d and %d entries", len(a.Entries), len(b.Entries))
	}
	if x, y := allocated(t, src), allocated(t, dst); y > x+x/8+(1<<20) {
		t.Errorf("the copy of %d bytes takes %d on disk", x, y)
	}
}

func allocated(t *testing.T, root string) int64 {
	t.Helper()
	dir, err := openRoot(root)
	must(t, err)
	defer dir.Close()
	w := &walk{ctx: t.Context()}
	must(t, w.tree(dir))
	return w.allocated
}

func TestCaptureKeepsEverything(t *testing.T) {
	t.Parallel()
	for _, hash := range []bool{true, false} {
		t.Run(fmt.Sprintf("hash %t", hash), func(t *testing.T) {
			src, store := tempDir(t), tempDir(t)
			awkward(t, src)
			before := fingerprint(t, src)
			r := captured(t, src, store+"/id/volume-0", CaptureOptions{Hash: hash})
			if r.List.Content() != before.Content() || !r.List.Complete() {
				t.Error("its list has other contents than the source")
			}
			if d := cmp.Diff(before.Entries, r.List.Entries); d != "" {
				t.Error(d)
			}
			same(t, store+"/id/volume-0", r.List)
			same(t, src, r.List)
			alike(t, src, store+"/id/volume-0")
			onlyIn(t, store+"/id", "volume-0")
			if st, err := os.Stat(store + "/id"); err != nil || st.Mode().Perm() != 0o700 {
				t.Errorf("the store is open to others: %v %v", st.Mode(), err)
			}
		})
	}
}

func onlyIn(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s: %s", dir, d)
	}
}

// Whatever a tree looks like, its capture compares equal, and one changed
// byte does not.
func TestCaptureOfRandomTrees(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for seed := range uint64(15) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			src, dst := tempDir(t), tempDir(t)+"/capture"
			randomTree(t, src, seed)
			r := captured(t, src, dst, CaptureOptions{Hash: seed%2 == 0})
			alike(t, src, dst)
			same(t, dst, r.List)
			for i := range r.List.Entries {
				if e := &r.List.Entries[i]; e.Type == Regular && e.Size > 0 {
					must(t, keepTimes(dst+"/"+e.Path, func() error { return flip(dst+"/"+e.Path, e.Size/2) }))
					if d := compare(t, dst, r.List); len(d.Changed) != 1 {
						t.Errorf("a changed byte in %q: %v", e.Path, d)
					}
					break
				}
			}
		})
	}
}

func flip(path string, at int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	var b [1]byte
	_, err = f.ReadAt(b[:], at)
	if err == nil {
		b[0] ^= 1
		_, err = f.WriteAt(b[:], at)
	}
	return errors.Join(err, f.Close())
}

func TestCaptureClonesWhereItCan(t *testing.T) {
	t.Parallel()
	if !ownMounts(t) {
		return
	}
	for _, kind := range []string{"xfs", "btrfs"} {
		t.Run(kind, func(t *testing.T) {
			dir, _ := mountImage(t, kind, 512<<20)
			src := dir + "/src"
			must(t, os.Mkdir(src, 0o700))
			awkward(t, src)
			r := captured(t, src, dir+"/store/v", CaptureOptions{Hash: true, MaxCopy: 1})
			if r.Method != "reflink" || r.Copied != 0 {
				t.Errorf("method %s, %d bytes copied", r.Method, r.Copied)
			}
			same(t, dir+"/store/v", r.List)
			same(t, src, r.List)
			alike(t, src, dir+"/store/v")
			must(t, overwrite(src+"/base/1/16384", 0, "later"))
			if d := compare(t, dir+"/store/v", r.List); d.Any() {
				t.Errorf("a write to the source reached the capture: %v", d)
			}
		})
	}
}

func TestCaptureLeavesNothingBehind(t *testing.T) {
	needRoot(t)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx     context.Context
		prepare func(src, store string) error
		o       CaptureOptions
		want    error
	}{
		"too large": {o: CaptureOptions{MaxCopy: 1}, want: ErrTooLarge},
		"cancelled": {ctx: cancelled, want: context.Canceled},
		"taken": {prepare: func(_, store string) error { return os.Mkdir(store+"/v", 0o700) },
			want: os.ErrExist},
	} {
		t.Run(name, func(t *testing.T) {
			src, store := tempDir(t), tempDir(t)
			awkward(t, src)
			left := []string(nil)
			if c.prepare != nil {
				must(t, c.prepare(src, store))
				left = []string{"v"}
			}
			if c.ctx == nil {
				c.ctx = t.Context()
			}
			r, err := Capture(c.ctx, src, store+"/v", c.o)
			if err == nil {
				err = r.Publish(c.ctx)
			}
			if !errors.Is(err, c.want) {
				t.Errorf("Capture: %v", err)
			}
			onlyIn(t, store, left...)
		})
	}
}

func TestCaptureRefusesAStoreInItsSource(t *testing.T) {
	src := tempDir(t)
	write(t, src+"/a", []byte("a"))
	must(t, os.Symlink(src, tempDir(t)+"/unused"))
	link := tempDir(t) + "/link"
	must(t, os.Symlink(src, link))
	for _, dst := range []string{src + "/v", src + "/store/v", link + "/v"} {
		if _, err := Capture(t.Context(), src, dst, CaptureOptions{}); !errors.Is(err, ErrPath) {
			t.Errorf("%s: %v", dst, err)
		}
	}
}

func TestCaptureNeedsRoom(t *testing.T) {
	if !ownMounts(t) {
		return
	}
	store, _ := mountImage(t, "ext4", 8<<20)
	src := tempDir(t)
	write(t, src+"/large", noise("large", 16<<20))
	if _, err := Capture(t.Context(), src, store+"/s/v", CaptureOptions{}); !errors.Is(err, ErrRoom) {
		t.Fatalf("Capture: %v", err)
	}
	onlyIn(t, store+"/s")
	if _, err := os.Stat(src + "/large"); err != nil {
		t.Error(err)
	}
}

func TestUnpublishedCapturesArePruned(t *testing.T) {
	src, store := tempDir(t), tempDir(t)
	write(t, src+"/a", []byte("a"))
	live, err := Capture(t.Context(), src, store+"/live", CaptureOptions{})
	must(t, err)
	captured(t, src, store+"/done", CaptureOptions{})
	dead := partialPrefix + "dead-0123"
	write(t, store+"/"+dead+"/a", []byte("half"))
	must(t, os.Symlink(src, store+"/"+partialPrefix+"link"))
	gone, err := Prune(t.Context(), store)
	must(t, err)
	if d := cmp.Diff([]string{dead}, gone); d != "" {
		t.Error(d)
	}
	onlyIn(t, store, partialPrefix+"link", filepath.Base(live.Temp()), "done")
	must(t, live.Publish(t.Context()))
	must(t, live.Discard())
	if err := live.Publish(t.Context()); !errors.Is(err, ErrCapture) {
		t.Errorf("published twice: %v", err)
	}
	onlyIn(t, store, partialPrefix+"link", "done", "live")
	if gone, err := Prune(t.Context(), store+"/none"); err != nil || gone != nil {
		t.Errorf("Prune of nothing: %v %v", gone, err)
	}
}

func TestDiscardLeavesNothing(t *testing.T) {
	src, store := tempDir(t), tempDir(t)
	write(t, src+"/a", []byte("a"))
	r, err := Capture(t.Context(), src, store+"/v", CaptureOptions{})
	must(t, err)
	must(t, r.Discard())
	must(t, r.Discard())
	onlyIn(t, store)
}

// An immutable file is read and copied like any other.
func TestCaptureOfAnImmutableFile(t *testing.T) {
	needRoot(t)
	src, store := tempDir(t), tempDir(t)
	write(t, src+"/fixed", []byte("fixed"))
	immutable(t, src+"/fixed")
	r := captured(t, src, store+"/v", CaptureOptions{})
	same(t, store+"/v", r.List)
}

// immutable sets the flag and takes it back at the end.
func immutable(t *testing.T, path string) {
	t.Helper()
	const flag = 0x10
	f, err := os.Open(path)
	must(t, err)
	old, err := unix.IoctlGetInt(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, old|flag)
	}
	if err != nil {
		must(t, f.Close())
		t.Skipf("the immutable flag cannot be set here: %v", err)
	}
	t.Cleanup(func() {
		must(t, errors.Join(unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, old), f.Close()))
	})
}

// A mount point below the source is not entered unless asked.
func TestCaptureStopsAtMounts(t *testing.T) {
	if !ownMounts(t) {
		return
	}
	src, store := tempDir(t), tempDir(t)
	must(t, os.Mkdir(src+"/mnt", 0o750))
	write(t, src+"/file", []byte("file"))
	mountTmpfs(t, src+"/mnt")
	write(t, src+"/mnt/inner", []byte("inner"))
	bindMount(t, src+"/file", src+"/file") // same device: only the mount id tells
	stop := captured(t, src, store+"/stop", CaptureOptions{})
	if e := entryOf(stop.List, "mnt"); !e.Mount || entryOf(stop.List, "mnt/inner") != nil || !entryOf(stop.List, "file").Mount {
		t.Errorf("%+v", stop.List.Entries)
	}
	same(t, src, stop.List)
	same(t, store+"/stop", stop.List)
	cross := captured(t, src, store+"/cross", CaptureOptions{CrossMounts: true})
	if entryOf(cross.List, "mnt/inner") == nil || cross.List.Header.Witness != untrusted {
		t.Errorf("%+v, witness %q", cross.List.Entries, cross.List.Header.Witness)
	}
	same(t, src, cross.List)
	same(t, store+"/cross", cross.List)
	write(t, src+"/mnt/inner", []byte("other"))
	same(t, src, stop.List)
	if d := compare(t, src, cross.List); len(d.Changed) != 1 {
		t.Errorf("%v", d)
	}
}

// Nothing of the store's own ACLs gets into a capture.
func TestCaptureDropsInheritedACLs(t *testing.T) {
	needRoot(t)
	src, store := tempDir(t), tempDir(t)
	write(t, src+"/dir/file", []byte("text"))
	must(t, unix.Lsetxattr(store, "system.posix_acl_default", acl(7), 0))
	captured(t, src, store+"/v", CaptureOptions{})
	alike(t, src, store+"/v")
}

// The witness of a new mount of the same disk is another one.
func TestWitnessEndsWithTheMount(t *testing.T) {
	if !ownMounts(t) {
		return
	}
	dir, image := mountImage(t, "ext4", 16<<20)
	write(t, dir+"/db/file", []byte("text"))
	l := fingerprint(t, dir+"/db")
	if d := compare(t, dir+"/db", l); d.Any() || d.Hashed != 0 {
		t.Errorf("%v, %d read", d, d.Hashed)
	}
	must(t, unix.Unmount(dir, 0))
	mountLoop(t, image, dir)
	if d := compare(t, dir+"/db", l); d.Any() || d.Hashed != 1 {
		t.Errorf("after a new mount: %v, %d read", d, d.Hashed)
	}
	if !strings.HasPrefix(l.Header.Witness, mustBoot(t)) {
		t.Errorf("witness %q", l.Header.Witness)
	}
}

func mustBoot(t *testing.T) string {
	t.Helper()
	id, err := bootID()
	must(t, err)
	return id
}

// meddler is a context that does something when it is asked the second time.
type meddler struct {
	context.Context
	asked int
	do    func()
}

func (m *meddler) Err() error {
	if m.asked++; m.asked == 2 {
		m.do()
	}
	return nil
}

// A file that is written while it is copied proves nothing.
func TestCopyingNoticesMovement(t *testing.T) {
	for _, hash := range []bool{true, false} {
		src, dst := tempDir(t), tempDir(t)
		write(t, src+"/file", noise("file", 40<<20))
		from, err := openRoot(src)
		must(t, err)
		defer from.Close()
		to, err := openRoot(dst)
		must(t, err)
		defer to.Close()
		l, err := (&walk{ctx: t.Context()}).list(from)
		must(t, err)
		ctx := &meddler{Context: t.Context(), do: func() { must(t, overwrite(src+"/file", 0, "written since")) }}
		c := &copier{ctx: ctx, src: from, dst: to, entries: l.Entries, hash: hash}
		err = c.file(ctx, entryOf(l, "file"), make([]byte, copyBuffer))
		if !errors.Is(err, ErrMoving) || ctx.asked < 2 {
			t.Errorf("hash %t: %v", hash, err)
		}
	}
}

// A file that cannot be cloned, where the first one could, is copied only
// within what may be copied.
func TestFallingBackToCopiesIsBounded(t *testing.T) {
	src := tempDir(t)
	write(t, src+"/1", noise("1", 1<<20))
	write(t, src+"/2", noise("2", 1<<20))
	must(t, SyncFS(src))
	from, err := openRoot(src)
	must(t, err)
	defer from.Close()
	l, err := (&walk{ctx: t.Context()}).list(from)
	must(t, err)
	for limit, want := range map[int64]error{0: nil, 3 << 20: nil, 3 << 19: ErrTooLarge} {
		dst, err := os.MkdirTemp("/dev/shm", "lull-volume-") //nolint:usetesting // nothing is cloned to another file system
		must(t, err)
		t.Cleanup(func() { must(t, os.RemoveAll(dst)) })
		to, err := openRoot(dst)
		must(t, err)
		defer to.Close()
		c := &copier{ctx: t.Context(), src: from, dst: to, entries: l.Entries, limit: limit}
		c.clones.Store(true)
		if err := c.tree(); !errors.Is(err, want) {
			t.Errorf("%d bytes may be copied: %v", limit, err)
		}
	}
}

// What is read again for digests is counted: nothing of it is free.
func TestHashedBytesAreCounted(t *testing.T) {
	src, store := tempDir(t), tempDir(t)
	write(t, src+"/file", noise("file", 100_000))
	must(t, os.Link(src+"/file", src+"/again"))
	r := captured(t, src, store+"/v", CaptureOptions{})
	if r.Hashed != 100_000 {
		t.Errorf("%d bytes", r.Hashed)
	}
	must(t, r.Hash(t.Context()))
	if r.Hashed != 100_000 {
		t.Errorf("%d bytes, hashed twice", r.Hashed)
	}
}

// What is hashed behind everybody else has the same digests.
func TestHashBehind(t *testing.T) {
	src, store := tempDir(t), tempDir(t)
	for i := range 20 {
		write(t, fmt.Sprintf("%s/%d", src, i), noise("behind", 1000+i))
	}
	usual := captured(t, src, store+"/usual", CaptureOptions{})
	r, err := Capture(t.Context(), src, store+"/behind", CaptureOptions{})
	must(t, err)
	must(t, r.Commit())
	must(t, r.HashBehind(t.Context()))
	if a, b := usual.List.Content(), r.List.Content(); a != b || a == "" {
		t.Errorf("%q and %q", a, b)
	}
}
