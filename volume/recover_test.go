package volume

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// killed is what a hook panics with to end everything where it stands, as a
// kill would: no cleanup of ours runs on a panic but the closing of files.
type killed struct{}

func kill() error { panic(killed{}) }

// survives reports whether do ran to its end.
func survives(do func()) (alive bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
		}
	}()
	do()
	return true
}

// begun runs a put back that is killed at the nth step, and lets go of its
// locks as the kernel would.
func begun(t *testing.T, f *fixture, step func(string) error) bool {
	t.Helper()
	r := &Rollback{}
	alive := survives(func() { must(t, r.run(t.Context(), f.pairs, PutBackOptions{Step: step})) })
	must(t, r.close())
	return alive
}

// recovered calls Recover again and again, each time killed one step later,
// until it gets to its end. The outcome is Nothing when a killed one got far
// enough.
func recovered(t *testing.T, dst string) Outcome {
	t.Helper()
	var out Outcome
	for n := 1; ; n++ {
		step, _ := failAt(n, kill)
		if survives(func() {
			var err error
			out, err = recoverSteps(t.Context(), dst, step)
			must(t, err)
		}) {
			return out
		}
	}
}

func TestKilledPutBackRecovers(t *testing.T) {
	t.Parallel()
	for n, f := 1, newFixture(t, 2); ; n++ {
		step, _ := failAt(n, kill)
		alive := begun(t, f, step)
		dst := f.dsts[n%2]
		if out := recovered(t, dst); out == New {
			t.Fatalf("killed at step %d: %s", n, out)
		}
		for _, dst := range f.dsts { // a volume that had no journal yet needs a call of its own
			_, err := Recover(t.Context(), dst)
			must(t, err)
		}
		f.is(t, Old)
		if alive {
			break
		}
	}
}

// Once the decision is on disk the outcome is the new contents on all volumes,
// before it the old ones on all.
func TestKilledCommitRecovers(t *testing.T) {
	t.Parallel()
	seen := map[Outcome]int{}
	for n := 1; ; n++ {
		f := newFixture(t, 2)
		r, err := PutBack(t.Context(), f.pairs, PutBackOptions{})
		must(t, err)
		step, _ := failAt(n, kill)
		for _, s := range r.sites {
			s.step = step
		}
		alive := survives(func() { must(t, r.Commit(t.Context())) })
		if alive {
			f.is(t, New)
			break
		}
		must(t, r.close())
		for i := range f.dsts {
			recovered(t, f.dsts[(n+i)%2])
		}
		out := whole(t, f)
		f.is(t, out)
		seen[out]++
	}
	if seen[Old] == 0 || seen[New] == 0 {
		t.Errorf("outcomes: %v", seen)
	}
}

func TestKilledUndoRecovers(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		f := newFixture(t, 2)
		r, err := PutBack(t.Context(), f.pairs, PutBackOptions{})
		must(t, err)
		step, _ := failAt(n, kill)
		for _, s := range r.sites {
			s.step = step
		}
		alive := survives(func() { must(t, r.Undo(t.Context())) })
		if !alive {
			must(t, r.close())
		}
		for _, dst := range f.dsts {
			if out := recovered(t, dst); out == New {
				t.Fatalf("killed at step %d: %s", n, out)
			}
		}
		f.is(t, Old)
		if alive {
			break
		}
	}
}

// hidings take a volume out of sight, as an unmounted one is.
var hidings = map[string]func(t *testing.T, dst string) (show func()){
	"no folder": func(t *testing.T, dst string) func() {
		must(t, os.Rename(dst, dst+"-hidden"))
		return func() { must(t, os.Rename(dst+"-hidden", dst)) }
	},
	"an empty folder": func(t *testing.T, dst string) func() {
		must(t, os.Rename(dst, dst+"-hidden"))
		must(t, os.Mkdir(dst, 0o755))
		return func() {
			must(t, os.Remove(dst))
			must(t, os.Rename(dst+"-hidden", dst))
		}
	},
}

// Of two volumes one is not there: what is decided for one is for both.
func TestRecoverWaitsForAnAbsentVolume(t *testing.T) {
	t.Parallel()
	for name, hide := range hidings {
		for _, hidden := range []int{0, 1} {
			f := newFixture(t, 2)
			r, err := PutBack(t.Context(), f.pairs, PutBackOptions{})
			must(t, err)
			must(t, r.Decide())
			must(t, r.close())
			show := hide(t, f.dsts[hidden])
			if out, err := Recover(t.Context(), f.dsts[1-hidden]); !errors.Is(err, ErrJournal) {
				t.Errorf("%s, volume %d is not there: %s, %v", name, hidden, out, err)
			}
			show()
			if out, err := Recover(t.Context(), f.dsts[1-hidden]); out != New || err != nil {
				t.Errorf("%s, volume %d is back: %s, %v", name, hidden, out, err)
			}
			f.is(t, New)
		}
	}
}

// Where nothing can have been decided nobody has to be waited for.
func TestRecoverWithoutAnAbsentVolume(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2)
	begun(t, f, func(s string) error {
		if s == "in" {
			return kill()
		}
		return nil
	})
	show := hidings["no folder"](t, f.dsts[1])
	if out, err := Recover(t.Context(), f.dsts[0]); out != Old || err != nil {
		t.Errorf("%s, %v", out, err)
	}
	show()
	_, err := Recover(t.Context(), f.dsts[1])
	must(t, err)
	f.is(t, Old)
}

// A failed Undo or Commit is left for Recover.
func TestFailedUndoAndCommitAreLeftForRecover(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(*testing.T, *Rollback) error
		want Outcome
	}{
		"undo":   {func(t *testing.T, r *Rollback) error { return r.Undo(t.Context()) }, Old},
		"commit": {func(t *testing.T, r *Rollback) error { return r.Commit(t.Context()) }, New},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, 1)
			r, err := PutBack(t.Context(), f.pairs, PutBackOptions{})
			must(t, err)
			r.sites[0].step = func(s string) error {
				if s == "drop" {
					return errStep
				}
				return nil
			}
			if err := c.end(t, r); !errors.Is(err, errStep) {
				t.Fatalf("%v", err)
			}
			out, err := Recover(t.Context(), f.dsts[0])
			must(t, err)
			if out != c.want {
				t.Errorf("Recover: %s", out)
			}
			f.is(t, c.want)
		})
	}
}

// Somebody starts a database on the half-empty volume, which makes files of
// its own there. Nothing of theirs or ours is lost.
func TestRecoverRefusesToMixWithAStranger(t *testing.T) {
	f := newFixture(t, 1)
	step := func(s string) error {
		if s == "in" {
			return kill()
		}
		return nil
	}
	begun(t, f, step)
	write(t, f.dsts[0]+"/pg_control", []byte("a stranger's"))
	_, err := Recover(t.Context(), f.dsts[0])
	if !errors.Is(err, ErrBusy) {
		t.Fatalf("Recover: %v", err)
	}
	onlyIn(t, f.dsts[0], "pg_control")
	if b, err := os.ReadFile(f.dsts[0] + "/pg_control"); err != nil || string(b) != "a stranger's" {
		t.Errorf("%s, %v", b, err)
	}
	must(t, os.Remove(f.dsts[0]+"/pg_control"))
	if out, err := Recover(t.Context(), f.dsts[0]); out != Old || err != nil {
		t.Errorf("Recover: %s, %v", out, err)
	}
	f.is(t, Old)
}

const killEnv = "LULL_TEST_KILL"

// The same with real kills: a process is killed at each step of a put back
// and its commit.
func TestPutBackSurvivesSIGKILL(t *testing.T) {
	if at := os.Getenv(killEnv); at != "" {
		putBackUntilKilled(t, at)
		return
	}
	t.Parallel()
	for n := 1; ; n++ {
		f := newFixture(t, 2)
		cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), killEnv+"="+strconv.Itoa(n)+":"+f.base)
		out, err := cmd.CombinedOutput()
		if err == nil {
			f.is(t, New)
			return
		}
		if cmd.ProcessState.ExitCode() != -1 {
			t.Fatalf("not killed: %v\n%s", err, out)
		}
		outcome := Nothing
		for _, dst := range f.dsts {
			o, err := Recover(t.Context(), dst)
			must(t, err)
			if o != Nothing {
				outcome = o
			}
		}
		if outcome == Nothing {
			outcome = whole(t, f)
		}
		f.is(t, outcome)
	}
}

// whole tells which contents the first volume has.
func whole(t *testing.T, f *fixture) Outcome {
	t.Helper()
	if compare(t, f.dsts[0], f.old[0]).Any() {
		return New
	}
	return Old
}

func putBackUntilKilled(t *testing.T, at string) {
	count, base, _ := strings.Cut(at, ":")
	n, err := strconv.Atoi(count)
	must(t, err)
	step, _ := failAt(n, func() error { return unix.Kill(os.Getpid(), unix.SIGKILL) })
	var pairs []Pair
	for i := range 2 {
		pairs = append(pairs, Pair{Capture: fmt.Sprintf("%s/store/%d", base, i), Dst: fmt.Sprintf("%s/volumes/%d", base, i)})
	}
	r, err := PutBack(t.Context(), pairs, PutBackOptions{Step: step})
	must(t, err)
	must(t, r.Commit(t.Context()))
}

// The volume is a mount point: the work folder has to be inside it, and
// nobody but root may look in.
func TestPutBackOfAMountPoint(t *testing.T) {
	t.Parallel()
	if !ownMounts(t) {
		return
	}
	for n := 1; ; n++ {
		f := newFixture(t, 1)
		bindMount(t, f.dsts[0], f.dsts[0])
		step, _ := failAt(n, kill)
		alive := begun(t, f, func(s string) error {
			if s == "in" {
				inside := f.dsts[0] + "/" + workInside
				if st, err := os.Stat(inside); err != nil || st.Mode().Perm() != 0o700 {
					t.Errorf("%s: %v %v", inside, st, err)
				}
			}
			return step(s)
		})
		recovered(t, f.dsts[0])
		f.is(t, Old)
		if alive {
			r, err := PutBack(t.Context(), f.pairs, PutBackOptions{})
			must(t, err)
			same(t, f.dsts[0], f.pairs[0].List)
			must(t, r.Commit(t.Context()))
			f.is(t, New)
			break
		}
	}
}

// In a container's own layer folders of the image's layers cannot be renamed.
func TestPutBackInAnOverlay(t *testing.T) {
	t.Parallel()
	if !ownMounts(t) {
		return
	}
	for n := 1; ; n++ {
		f := overlayFixture(t)
		step, calls := failAt(n, kill)
		alive := begun(t, f, step)
		recovered(t, f.dsts[0])
		f.is(t, Old)
		if alive {
			r, err := PutBack(t.Context(), f.pairs, PutBackOptions{})
			must(t, err)
			same(t, f.dsts[0], f.pairs[0].List)
			must(t, r.Commit(t.Context()))
			f.is(t, New)
			if *calls < 25 {
				t.Errorf("only %d steps: were the lower layer's folders moved by renaming?", *calls)
			}
			break
		}
	}
}

// overlayFixture has a volume whose files are partly of a lower layer.
func overlayFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{base: tempDir(t)}
	dirs := map[string]string{}
	for _, name := range []string{"lower", "upper", "work", "merged"} {
		dirs[name] = f.base + "/" + name
		must(t, os.MkdirAll(dirs[name]+"/", 0o755))
	}
	write(t, dirs["lower"]+"/data/base/1/below", []byte("of the image"))
	write(t, dirs["lower"]+"/data/share/deep/deeper/file", []byte("of the image"))
	must(t, unix.Chmod(dirs["lower"]+"/data/share/deep", 0o2750))
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", dirs["lower"], dirs["upper"], dirs["work"])
	if err := unix.Mount("overlay", dirs["merged"], "overlay", 0, options); err != nil {
		skipChild(t, "an overlay cannot be mounted on the temp folder: "+err.Error())
	}
	t.Cleanup(func() { must(t, unix.Unmount(dirs["merged"], unix.MNT_DETACH)) })
	f.add(t, 0, dirs["merged"]+"/data")
	return f
}

// After a power cut at each step the disk holds what was synced, and Recover
// brings back the old contents; after a commit's decision the new ones.
func TestPutBackSurvivesAPowerCut(t *testing.T) {
	t.Parallel()
	if !ownMounts(t) {
		return
	}
	for name, sub := range map[string]string{"a folder": "/db", "the file system's root": ""} {
		t.Run(name, func(t *testing.T) {
			mnt, image := mountImage(t, "ext4", 24<<20)
			f := &fixture{base: tempDir(t)}
			must(t, os.MkdirAll(mnt+sub, 0o700))
			f.add(t, 0, mnt+sub)
			cuts, decided := takeCuts(t, f, image)
			must(t, unix.Unmount(mnt, 0))
			for i, cut := range cuts {
				mountLoop(t, cut, mnt)
				out, err := Recover(t.Context(), f.dsts[0])
				must(t, err)
				if out == New != (i >= decided) && out != Nothing {
					t.Errorf("cut %d of %d, decided at %d: %s", i, len(cuts), decided, out)
				}
				f.is(t, whole(t, f))
				must(t, unix.Unmount(mnt, 0))
				must(t, os.Remove(cut))
			}
		})
	}
}

// takeCuts copies the disk as it is at each step, before anything in memory
// reaches it, and tells from which copy on the commit was decided.
func takeCuts(t *testing.T, f *fixture, image string) (cuts []string, decided int) {
	t.Helper()
	must(t, SyncFS(f.dsts[0]))
	step := func(s string) error {
		if s == "after committed" {
			decided = len(cuts)
		}
		cut := filepath.Join(f.base, fmt.Sprintf("cut-%d", len(cuts)))
		cuts = append(cuts, cut)
		out, err := exec.Command("cp", "--sparse=always", image, cut).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
		}
		return nil
	}
	r, err := PutBack(t.Context(), f.pairs, PutBackOptions{Step: step})
	must(t, err)
	must(t, r.Commit(t.Context()))
	if decided == 0 || len(cuts) < 15 {
		t.Fatalf("%d cuts, decided at %d", len(cuts), decided)
	}
	return cuts, decided
}
