package e2e

import (
	"archive/tar"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/volume"
)

// tampering changes a checkpoint's archive of CRIU images.
type tampering struct {
	change func(t *testing.T, a harness.Archive) harness.Archive
	words  []string // of the refusal
}

// A checkpoint that is not what was sealed is refused before any restored
// process runs. The images are altered below containerd's digests, which all
// hold: only lull can tell.
func TestTamper(t *testing.T) {
	b := newBench(t)
	pg, ref := b.parked(t, harness.PostgresOptions{})
	before := harness.TreeOf(t, pg.Volume)
	for name, tt := range tamperings() {
		t.Run(name, func(t *testing.T) {
			altered := b.Alter(t, ref, harness.Memory, func(a harness.Archive) harness.Archive { return tt.change(t, a) })
			b.refuses(t, pg.ID, altered, tt.words...)
			b.lullRefuses(t, 5, pg.ID, altered)
			before.Same(t, pg.Volume)
		})
	}
	t.Run("capture", func(t *testing.T) { tamperedCapture(t, b, pg, ref) })
	t.Run("not-at-all", func(t *testing.T) {
		same := b.Alter(t, ref, harness.Memory, reordered)
		b.restores(t, pg, same)
		pg.Remove(t)
		pg.NoTraces(t)
	})
	b.NoState(t)
}

func tamperings() map[string]tampering {
	list := volume.ListName(0)
	all := map[string]tampering{
		"pages":            {flipped("pages-1.img", 0.5), words("altered", "pages-1.img", "sha256")},
		"pages-last-byte":  {flipped("pages-1.img", 1), words("altered", "pages-1.img", "sha256")},
		"pages-cut-off":    {shortened("pages-1.img"), words("altered", "pages-1.img", "bytes")},
		"tasks":            {flipped("pstree.img", 0.5), words("altered", "pstree.img")},
		"volume-list":      {flipped(list, 0.5), words("altered", list)},
		"volume-list-gone": {without(list), words("altered", list, "missing")},
		"file-gone":        {without("inventory.img"), words("altered", "inventory.img", "missing")},
		"file-added":       {withAnother, words("altered", "pages-99.img", "does not belong")},
		"manifest-gone":    {without(manifest.FileName), words("missing", manifest.FileName)},
		"pending":          {pending, words("pending", "never finished")},
		"poisoned":         {poisoned, words("pending", "unusable", "a test said so")},
	}
	for name, at := range map[string]float64{"first": 0, "seal": 0.004, "half": 0.5, "last": 1} {
		all["manifest-"+name] = tampering{flipped(manifest.FileName, at), words("altered", manifest.FileName)}
	}
	return all
}

func words(code string, more ...string) []string { return append(more, "[lull:"+code+"]") }

// flipped changes one byte, at a fraction of the file.
func flipped(name string, at float64) func(*testing.T, harness.Archive) harness.Archive {
	return func(t *testing.T, a harness.Archive) harness.Archive {
		f := a.File(t, name)
		f.Flip(t, int(at*float64(len(f.Data)-1)))
		return a
	}
}

func shortened(name string) func(*testing.T, harness.Archive) harness.Archive {
	return func(t *testing.T, a harness.Archive) harness.Archive {
		f := a.File(t, name)
		f.Set(f.Data[:len(f.Data)-1])
		return a
	}
}

func without(name string) func(*testing.T, harness.Archive) harness.Archive {
	return func(t *testing.T, a harness.Archive) harness.Archive { return a.Without(t, name) }
}

func withAnother(t *testing.T, a harness.Archive) harness.Archive {
	another := *a.File(t, "pages-1.img").Header
	another.Name = path.Join(path.Dir(another.Name), "pages-99.img")
	another.Size = 1
	return append(a, harness.File{Header: &another, Data: []byte{0}})
}

// reordered changes the archive and none of its files.
func reordered(a harness.Archive) harness.Archive {
	slices.SortStableFunc(a, func(x, y harness.File) int {
		if folders := int(y.Header.Typeflag) - int(x.Header.Typeflag); x.Header.Typeflag != y.Header.Typeflag &&
			(x.Header.Typeflag == tar.TypeDir || y.Header.Typeflag == tar.TypeDir) {
			return folders
		}
		return strings.Compare(y.Header.Name, x.Header.Name)
	})
	return a
}
