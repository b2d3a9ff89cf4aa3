package volume

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/flock"
)

func nobodyMaps(uint64) bool    { return false }
func everybodyMaps(uint64) bool { return true }

// precopyOf begins a pre-copy where files have to be copied.
func precopyOf(t *testing.T, src, dst string) *Precopy {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(dst), 0o700))
	p, err := NewPrecopy(t.Context(), src, dst, CaptureOptions{})
	must(t, err)
	if p == nil {
		t.Skip("the temp folder's file system shares blocks: nothing is copied there")
	}
	t.Cleanup(func() { must(t, p.Discard()) })
	return p
}

// round is one round on a source at rest; the clock passes its last stamp.
func round(t *testing.T, p *Precopy, mapped func(uint64) bool) {
	t.Helper()
	_, err := settle(t.Context(), fingerprint(t, p.src.Name()).Entries)
	must(t, err)
	must(t, p.Look(t.Context(), mapped))
	_, err = p.Copy(t.Context())
	must(t, err)
}

func finished(t *testing.T, p *Precopy, src, dst string) *Result {
	t.Helper()
	r := captured(t, src, dst, CaptureOptions{Precopy: p})
	same(t, dst, r.List)
	alike(t, src, dst)
	if l := fingerprint(t, src); l.Content() != r.List.Content() {
		t.Error("the list is not that of the source")
	}
	onlyIn(t, filepath.Dir(dst), filepath.Base(dst))
	return r
}

// What was not written since is neither read nor written under the freeze.
func TestPrecopyOfFilesAtRest(t *testing.T) {
	t.Parallel()
	src, dst := tempDir(t), tempDir(t)+"/id/volume-0"
	awkward(t, src)
	p := precopyOf(t, src, dst)
	round(t, p, nobodyMaps)
	if r := finished(t, p, src, dst); r.Read != 0 || r.Copied != 0 || r.Method != "copy" {
		t.Errorf("read %d, copied %d, method %s", r.Read, r.Copied, r.Method)
	}
}

// Of a file that was written only the blocks that differ are written again.
func TestPrecopyWritesWhatDiffers(t *testing.T) {
	t.Parallel()
	src, dst := tempDir(t), tempDir(t)+"/id/volume-0"
	write(t, src+"/large", noise("large", 4<<20))
	write(t, src+"/other", noise("other", 1<<20))
	p := precopyOf(t, src, dst)
	round(t, p, nobodyMaps)
	must(t, flip(src+"/large", 3<<20))
	if r := finished(t, p, src, dst); r.Read != 4<<20 || r.Copied != smallBlock {
		t.Errorf("read %d, copied %d", r.Read, r.Copied)
	}
}

// Whatever happens to the files between the rounds, the capture is exact.
func TestPrecopyOfChangingTrees(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			src, dst := tempDir(t), tempDir(t)+"/id/volume-0"
			randomTree(t, src, seed)
			write(t, src+"/big", noise("big", 900_000))
			sparse(t, src+"/holes")
			p := precopyOf(t, src, dst)
			r := rand.New(rand.NewPCG(seed, 1))
			for range 1 + r.IntN(3) {
				if r.IntN(4) == 0 {
					must(t, p.Unsure(t.Context()))
					_, err := p.Copy(t.Context())
					must(t, err)
				} else {
					round(t, p, nobodyMaps)
				}
				disturb(t, src, r)
			}
			finished(t, p, src, dst)
		})
	}
}

// disturb does to some files what databases do.
func disturb(t *testing.T, src string, r *rand.Rand) {
	t.Helper()
	for n, e := range fingerprint(t, src).Entries {
		path := src + "/" + e.Path
		if e.Type != Regular || r.IntN(2) == 0 {
			continue
		}
		switch r.IntN(7) {
		case 0:
			must(t, os.Truncate(path, r.Int64N(e.Size+1)))
		case 1:
			must(t, os.Truncate(path, e.Size+r.Int64N(300_000)))
		case 2:
			must(t, os.Remove(path))
		case 3:
			must(t, os.Rename(path, fmt.Sprintf("%s/moved-%d-%d", src, n, r.Int())))
		case 4:
			must(t, os.WriteFile(path+".new", noise(path, r.IntN(200_000)), 0o600))
			must(t, os.Rename(path+".new", path))
		case 5:
			punch(t, path, e.Size, r)
		default:
			if e.Size > 0 {
				must(t, flip(path, r.Int64N(e.Size)))
			}
		}
	}
}

func punch(t *testing.T, path string, size int64, r *rand.Rand) {
	t.Helper()
	if size == 0 {
		return
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	must(t, unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, r.Int64N(size), 1+r.Int64N(size)))
}

// A store into a page that is dirty already moves no time. The file is known
// to be mapped, so that its contents decide.
func TestPrecopyOfAMappedFile(t *testing.T) {
	t.Parallel()
	src, dst := tempDir(t), tempDir(t)+"/id/volume-0"
	write(t, src+"/mapped", make([]byte, 100_000))
	f, err := os.OpenFile(src+"/mapped", os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	m, err := unix.Mmap(int(f.Fd()), 0, 100_000, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	must(t, err)
	defer func() { must(t, unix.Munmap(m)) }()
	m[5] = 1
	p := precopyOf(t, src, dst)
	round(t, p, everybodyMaps)
	m[5] = 2
	finished(t, p, src, dst)
}

// A round that is interrupted leaves nothing that would be taken for what it
// is not.
func TestPrecopyInterrupted(t *testing.T) {
	t.Parallel()
	src, dst := tempDir(t), tempDir(t)+"/id/volume-0"
	for i := range 6 {
		write(t, fmt.Sprintf("%s/%d", src, i), noise(fmt.Sprint(i), 700_000))
	}
	p := precopyOf(t, src, dst)
	for n := range 8 {
		must(t, p.Look(t.Context(), nobodyMaps))
		p.pace = newPace()
		ctx, cancel := context.WithCancel(t.Context())
		stopAfter(p, n, cancel)
		if _, err := p.Copy(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		cancel()
		must(t, os.Truncate(fmt.Sprintf("%s/%d", src, n%6), int64(650_000-n)))
		must(t, os.Truncate(fmt.Sprintf("%s/%d", src, n%6), 700_000))
		must(t, flip(fmt.Sprintf("%s/%d", src, (n+1)%6), int64(n)*1000))
	}
	finished(t, p, src, dst)
}

// stopAfter cancels once n blocks more are known.
func stopAfter(p *Precopy, n int, cancel func()) {
	if n == 0 {
		cancel()
		return
	}
	p.pace.done = paceStep - int64(n)*smallBlock
	p.pace.resting = cancel
}

// Nothing is left of a pre-copy that nobody took, also when its process was
// killed.
func TestPrecopyIsDiscarded(t *testing.T) {
	t.Parallel()
	src, dst := tempDir(t), tempDir(t)+"/id/volume-0"
	write(t, src+"/file", noise("file", 100_000))
	p := precopyOf(t, src, dst)
	round(t, p, nobodyMaps)
	if gone, err := Prune(t.Context(), filepath.Dir(dst)); err != nil || len(gone) > 0 {
		t.Errorf("swept %q of a live process: %v", gone, err)
	}
	must(t, p.Discard())
	onlyIn(t, filepath.Dir(dst))
	p = precopyOf(t, src, dst)
	must(t, flock.Close(p.pool)) // as a kill would
	p.pool = nil
	if gone, err := Prune(t.Context(), filepath.Dir(dst)); err != nil || len(gone) != 1 {
		t.Errorf("swept %q: %v", gone, err)
	}
}

func TestPrecopyFitsWithOthers(t *testing.T) {
	t.Parallel()
	src, dst := tempDir(t), tempDir(t)+"/id/volume-0"
	write(t, src+"/file", noise("file", 1<<20))
	p := precopyOf(t, src, dst)
	if p.Needs() < 1<<20 {
		t.Errorf("it needs %d bytes", p.Needs())
	}
	free, err := freeIn(p.pool)
	must(t, err)
	must(t, p.Fits(0))
	if err := p.Fits(free); !errors.Is(err, ErrRoom) {
		t.Errorf("beside what takes all that is free: %v", err)
	}
	must(t, p.Discard())
}

func TestPrecopyRefusesWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	src, store := tempDir(t), tempDir(t)
	write(t, src+"/file", noise("file", 1<<20))
	_, err := NewPrecopy(t.Context(), src, store+"/volume-0", CaptureOptions{MaxCopy: 1 << 10})
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("%v", err)
	}
	if _, err := NewPrecopy(t.Context(), src, src+"/store/volume-0", CaptureOptions{}); !errors.Is(err, ErrPath) {
		t.Errorf("inside of what is copied: %v", err)
	}
	onlyIn(t, store)
}

// A pre-copy ends, and leaves nothing, before it takes the database's room.
func TestPrecopyLeavesAReserve(t *testing.T) {
	t.Parallel()
	src, dst := tempDir(t), tempDir(t)+"/id/volume-0"
	write(t, src+"/large", noise("large", 4<<20))
	p := precopyOf(t, src, dst)
	must(t, p.Look(t.Context(), nobodyMaps))
	p.pace.reserve = math.MaxInt64 / 2 // as if the disk had become full meanwhile
	if _, err := p.Copy(t.Context()); !errors.Is(err, errLow) || errors.Is(err, ErrRoom) {
		t.Errorf("in the middle: %v", err)
	}
	must(t, p.Discard())
	if _, err := NewPrecopy(t.Context(), src, dst, CaptureOptions{Reserve: math.MaxInt64 / 2}); !errors.Is(err, errLow) || errors.Is(err, ErrRoom) {
		t.Errorf("from the start: %v", err)
	}
	onlyIn(t, filepath.Dir(dst))
}

func TestRestFor(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00": 0.1,
		"some avg10=25.10 avg60=0.00 avg300=0.00 total=1":                 0.5,
		"some avg10=90.00 avg60=0.00 avg300=0.00 total=1":                 2,
		"nonsense": 1, "": 1,
	} {
		if got := restFor(text, true); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if restFor("", false) != 1 {
		t.Error("without an answer")
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	g, err := newTagger()
	must(t, err)
	a := noise("a", smallBlock)
	sum := g.of(a)
	if g.of(a) != sum || g.of(a[:len(a)-1]) == sum || g.of(append([]byte{}, make([]byte, 16)...)) == g.of(make([]byte, 32)) {
		t.Error("equal blocks differ, or different ones are equal")
	}
	for i := range 64 {
		a[i*1000] ^= 1 << (i % 8)
		if g.of(a) == sum {
			t.Errorf("bit %d", i)
		}
		a[i*1000] ^= 1 << (i % 8)
	}
}

func BenchmarkTag(b *testing.B) {
	g, err := newTagger()
	must(b, err)
	block := noise("block", smallBlock)
	b.SetBytes(smallBlock)
	for b.Loop() {
		g.of(block)
	}
}

// On an overlay nobody can tell what is mapped: all is read again, and nothing
// is written.
func TestPrecopyOfAnOverlay(t *testing.T) {
	t.Parallel()
	if !ownMounts(t) {
		return
	}
	f := overlayFixture(t)
	src, dst := f.dsts[0], tempDir(t)+"/id/volume-0"
	write(t, src+"/written", noise("written", 1<<20))
	must(t, SyncFS(src))
	p := precopyOf(t, src, dst)
	round(t, p, nobodyMaps)
	r := captured(t, src, dst, CaptureOptions{Precopy: p})
	same(t, dst, r.List)
	if r.Read < 1<<20 || r.Copied != 0 {
		t.Errorf("read %d, copied %d", r.Read, r.Copied)
	}
}
