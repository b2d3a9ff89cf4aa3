package transfer

import (
	"archive/tar"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/store/artifact"
	"github.com/lull-containers/lull/volume"
)

// forged is an artifact in the making, for whoever wants to get another one
// past a pull: table, layers and digests fit.
type forged struct {
	table  artifact.Table
	layers []ocispec.Descriptor
	plain  [][]byte
}

// forge makes the artifact of a checkpoint as a push would, and lets somebody
// change it before its digests are written down.
func forge(t *testing.T, at Place, c *checkpoint, change func(*forged)) {
	t.Helper()
	f := &forged{table: artifact.Table{Schema: artifact.Schema, Ref: "pg:monday", ID: testID, Created: c.manifest.Created}}
	add := func(s artifact.Stream, raw []byte) {
		s.Digest, s.Size = digest.FromBytes(raw), int64(len(raw))
		for part := range slices.Chunk(raw, artifact.MinChunk) {
			s.Chunks = append(s.Chunks, artifact.Chunk{Digest: digest.FromBytes(part), Size: int64(len(part))})
			f.plain = append(f.plain, part)
		}
		f.table.Streams = append(f.table.Streams, s)
	}
	for _, b := range c.blobs(t) {
		add(artifact.Stream{Kind: artifact.Blob, Name: "blob", MediaType: b.mediaType}, b.raw)
	}
	for name, raw := range c.volumes {
		add(artifact.Stream{Kind: artifact.Volume, Name: name}, raw)
	}
	p := &pushing{to: at}
	for _, plain := range f.plain {
		d, err := p.part(t.Context(), artifact.TypeChunk, plain)
		must(t, err)
		f.layers = append(f.layers, d)
	}
	if change != nil {
		change(f)
	}
	raw := jsonBlob("", f.table).raw
	first, err := p.part(t.Context(), artifact.TypeTable, raw)
	must(t, err)
	oci, err := artifact.Manifest(artifact.Type, append([]ocispec.Descriptor{first}, f.layers...), nil, c.manifest.Created, nil)
	must(t, err)
	_, err = at.PutManifest(t.Context(), oci, true)
	must(t, err)
}

// more adds an entry to the archive of CRIU images.
func more(h tar.Header) func([]*tar.Header, [][]byte) ([]*tar.Header, [][]byte) {
	return func(headers []*tar.Header, bodies [][]byte) ([]*tar.Header, [][]byte) {
		return append(headers, &h), append(bodies, make([]byte, h.Size))
	}
}

// relist changes the sealed list of a volume.
func relist(change func(*volume.List)) func(*testing.T, *checkpoint) {
	return func(t *testing.T, c *checkpoint) {
		t.Helper()
		l, err := volume.Decode(strings.NewReader(string(c.list)))
		must(t, err)
		change(l)
		slices.SortFunc(l.Entries, func(a, b volume.Entry) int { return strings.Compare(a.Path, b.Path) })
		var out strings.Builder
		must(t, l.Encode(&out))
		c.list = []byte(out.String())
		c.manifest.Volumes[0].Fingerprint = l.Summary(volume.ListName(0))
	}
}

func entry(path string, kind volume.Type, mode uint32) volume.Entry {
	e := volume.Entry{Path: path, Type: kind, Mode: mode, Nlink: 1, Inode: 999}
	if kind == volume.Regular {
		e.SHA256 = volume.Digest{1}
	}
	return e
}

func withEntry(e volume.Entry) func(*testing.T, *checkpoint) {
	return relist(func(l *volume.List) { l.Entries = append(l.Entries, e) })
}

// Artifacts that somebody made to do harm, or that are broken. Each is
// consistent in itself, but for what it is about.
func TestHostileArtifacts(t *testing.T) {
	own := func(raw string) blob { return blob{artifact.TypeManifest, []byte(raw)} }
	for name, h := range map[string]struct {
		checkpoint func(*testing.T, *checkpoint)
		artifact   func(*forged)
		here       func(*machine)
		want       error
	}{
		"in order": {},
		"archive: path leads up": {checkpoint: func(_ *testing.T, c *checkpoint) {
			c.memory = more(tar.Header{Name: "../../../evil", Typeflag: tar.TypeReg, Mode: 0o600})
		}, want: manifest.ErrAltered},
		"archive: absolute path": {checkpoint: func(_ *testing.T, c *checkpoint) {
			c.memory = more(tar.Header{Name: "/evil", Typeflag: tar.TypeReg, Mode: 0o600})
		}, want: manifest.ErrAltered},
		"archive: symlink": {checkpoint: func(_ *testing.T, c *checkpoint) {
			c.memory = more(tar.Header{Name: "core-2.img", Typeflag: tar.TypeSymlink, Linkname: "/etc/shadow"})
		}, want: manifest.ErrAltered},
		"archive: hard link": {checkpoint: func(_ *testing.T, c *checkpoint) {
			c.memory = more(tar.Header{Name: "core-2.img", Typeflag: tar.TypeLink, Linkname: "/etc/shadow"})
		}, want: manifest.ErrAltered},
		"archive: device": {checkpoint: func(_ *testing.T, c *checkpoint) {
			c.memory = more(tar.Header{Name: "sda", Typeflag: tar.TypeBlock, Devmajor: 8})
		}, want: manifest.ErrAltered},
		"archive: setuid": {checkpoint: func(_ *testing.T, c *checkpoint) {
			c.memory = more(tar.Header{Name: "su", Typeflag: tar.TypeReg, Mode: 0o4755})
		}, want: manifest.ErrAltered},
		"archive: a file twice": {checkpoint: func(_ *testing.T, c *checkpoint) {
			c.memory = more(tar.Header{Name: "core-1.img", Typeflag: tar.TypeReg})
		}, want: manifest.ErrAltered},
		"archive: other bytes": {checkpoint: func(_ *testing.T, c *checkpoint) {
			c.memory = func(h []*tar.Header, b [][]byte) ([]*tar.Header, [][]byte) {
				b[0] = []byte(strings.Repeat("x", len(b[0])))
				return h, b
			}
		}, want: manifest.ErrAltered},
		"archive: empty": {checkpoint: func(_ *testing.T, c *checkpoint) {
			c.memory = func([]*tar.Header, [][]byte) ([]*tar.Header, [][]byte) { return nil, nil }
		}, want: manifest.ErrMissing},
		"manifest: pending":  {checkpoint: func(_ *testing.T, c *checkpoint) { c.pending = true }, want: manifest.ErrPending},
		"manifest: poisoned": {here: poisonedHere, want: manifest.ErrPoisoned},
		"manifest: another in the index": {checkpoint: func(_ *testing.T, c *checkpoint) {
			c.parts = append(c.parts, own(`{"schema":"lull.manifest/1"}`))
		}, want: artifact.ErrFormat},
		"manifest: of another checkpoint": {artifact: func(f *forged) { f.table.ID = strings.Repeat("f", 32) }, want: artifact.ErrFormat},

		"spec: hook": {checkpoint: func(_ *testing.T, c *checkpoint) {
			c.spec.Hooks = &specs.Hooks{CreateRuntime: []specs.Hook{{Path: "/bin/sh"}}}
		}, want: ErrHarm},
		"runtime: a program": {checkpoint: func(_ *testing.T, c *checkpoint) { c.manifest.Container.Runtime = "/tmp/evil" }, want: ErrHarm},
		"runtime: not runc's options": {checkpoint: func(t *testing.T, c *checkpoint) {
			c.parts = append(c.parts, blob{images.MediaTypeContainerd1CheckpointRuntimeOptions, boxed(t, "x")})
		}, want: ErrHarm},

		"list: device":        {checkpoint: withEntry(entry("sda", volume.Block, 0o600)), want: volume.ErrList},
		"list: setuid":        {checkpoint: withEntry(entry("su", volume.Regular, 0o4755)), want: volume.ErrList},
		"list: path leads up": {checkpoint: withEntry(entry("../evil", volume.Regular, 0o600)), want: volume.ErrList},
		"list: absolute path": {checkpoint: withEntry(entry("/evil", volume.Regular, 0o600)), want: volume.ErrList},
		"list: through a symlink": {checkpoint: relist(func(l *volume.List) {
			link := entry("out", volume.Symlink, 0o777)
			link.Target = "/tmp"
			l.Entries = append(l.Entries, link, entry("out/evil", volume.Regular, 0o600))
		}), want: volume.ErrList},
		"list: huge file": {checkpoint: relist(func(l *volume.List) {
			e := entry("huge", volume.Regular, 0o600)
			e.Size = 1 << 62
			l.Entries = append(l.Entries, e)
		}), want: artifact.ErrFormat},
		"volume: other bytes": {checkpoint: func(_ *testing.T, c *checkpoint) {
			raw := slices.Clone(c.volumes["volume-0"])
			raw[5<<20] ^= 1
			c.volumes["volume-0"] = raw
		}, want: volume.ErrCapture},
		"volume: missing":  {checkpoint: func(_ *testing.T, c *checkpoint) { delete(c.volumes, "volume-0") }, want: artifact.ErrFormat},
		"volume: one more": {checkpoint: func(_ *testing.T, c *checkpoint) { c.volumes["volume-1"] = []byte("x") }, want: artifact.ErrFormat},
		"volume: shorter":  {checkpoint: func(_ *testing.T, c *checkpoint) { c.volumes["volume-0"] = c.volumes["volume-0"][:100] }, want: artifact.ErrFormat},

		"layer: path leads up": {checkpoint: func(_ *testing.T, c *checkpoint) {
			c.layer = append(c.layer, &tar.Header{Name: "a/../../evil", Typeflag: tar.TypeReg})
		}, want: manifest.ErrAltered},
		"layer: hard link leads out": {checkpoint: func(_ *testing.T, c *checkpoint) {
			c.layer = append(c.layer, &tar.Header{Name: "shadow", Typeflag: tar.TypeLink, Linkname: "../../etc/shadow"})
		}, want: manifest.ErrAltered},
		"layer: device": {checkpoint: func(_ *testing.T, c *checkpoint) {
			c.layer = append(c.layer, &tar.Header{Name: "mem", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 1})
		}, want: manifest.ErrAltered},

		"index: a part is missing":             {checkpoint: func(_ *testing.T, c *checkpoint) { c.drop = []string{images.MediaTypeContainerd1CheckpointConfig} }, want: artifact.ErrFormat},
		"base image: a layer is missing":       {checkpoint: func(_ *testing.T, c *checkpoint) { c.base = c.base[:2] }, want: artifact.ErrFormat},
		"base image: configuration is missing": {checkpoint: func(_ *testing.T, c *checkpoint) { c.drop = []string{ocispec.MediaTypeImageConfig} }, want: artifact.ErrFormat},

		"chunks: swapped":    {artifact: func(f *forged) { l := f.layers; l[len(l)-2], l[len(l)-3] = l[len(l)-3], l[len(l)-2] }, want: artifact.ErrFormat},
		"chunks: one less":   {artifact: func(f *forged) { f.layers = f.layers[1:] }, want: artifact.ErrFormat},
		"chunks: wrong size": {artifact: func(f *forged) { f.layers[0].Size++ }, want: artifact.ErrFormat},
		"digest of a blob":   {artifact: func(f *forged) { f.table.Streams[1].Digest = digest.FromString("x") }, want: errWrong},
		"image's name":       {artifact: func(f *forged) { f.table.Ref = "../../evil" }, want: artifact.ErrFormat},
		"bomb": {artifact: func(f *forged) {
			s := &f.table.Streams[len(f.table.Streams)-1]
			for range 300 {
				s.Chunks, s.Size = append([]artifact.Chunk{{Digest: s.Chunks[0].Digest, Size: artifact.MinChunk}}, s.Chunks...), s.Size+artifact.MinChunk
				f.layers = append(f.layers, f.layers[0])
			}
		}, want: artifact.ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			m, at := newMachine(t), folder(t)
			c := sample(t, m)
			if h.checkpoint != nil {
				h.checkpoint(t, c)
			}
			forge(t, at, c, h.artifact)
			if h.here != nil {
				h.here(m)
			}
			outside := filepath.Dir(m.dir)
			before := everything(t, outside, m.dir)
			_, err := m.pull(at)
			if h.want == nil {
				must(t, err)
				m.has()
				return
			}
			if !errors.Is(err, h.want) {
				t.Errorf("%v", err)
			}
			m.hasNothing()
			if after := everything(t, outside, m.dir); !slices.Equal(before, after) {
				t.Errorf("something was written outside: %q", after)
			}
		})
	}
}

func poisonedHere(m *machine) {
	dir := m.captures.Folder(testID)
	m.check(os.MkdirAll(dir, 0o700))
	m.check(os.WriteFile(filepath.Join(dir, "poisoned"), []byte("thawed\n"), 0o600))
}

// everything lists a folder but for one in it.
func everything(t *testing.T, dir, but string) (paths []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if path == but {
			return filepath.SkipDir
		}
		paths = append(paths, path)
		return err
	}))
	return paths
}

// What does not fit is refused before any of it is fetched.
func TestRoomIsAskedFirst(t *testing.T) {
	m, at := newMachine(t), folder(t)
	c := sample(t, m)
	forge(t, at, c, func(f *forged) {
		s := &f.table.Streams[len(f.table.Streams)-1]
		s.Chunks, s.Size = nil, 0
		f.layers = f.layers[:len(f.layers)-3]
		for range 12 << 10 {
			s.Chunks, s.Size = append(s.Chunks, artifact.Chunk{Digest: digest.FromString("x"), Size: artifact.MaxChunk}), s.Size+artifact.MaxChunk
			f.layers = append(f.layers, ocispec.Descriptor{MediaType: artifact.TypeChunk, Digest: digest.FromString("x"), Size: artifact.MaxChunk})
		}
	})
	_, free, err := fileSystem(m.dir)
	must(t, err)
	if free > artifact.MaxTotal {
		t.Skip("the disk has room for the largest artifact that there can be")
	}
	w := &weak{Place: at}
	w.left.Store(1 << 20)
	if _, err := m.pull(w); !errors.Is(err, ErrRoom) || w.got.Load() != 1 {
		t.Errorf("%v, after %d parts", err, w.got.Load())
	}
	m.hasNothing()
}
