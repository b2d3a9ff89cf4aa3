package artifact

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func sum(text string) digest.Digest { return digest.FromString(text) }

// table is one that is in order.
func table() *Table {
	return &Table{Schema: Schema, Ref: "pg:monday", ID: strings.Repeat("0", 32), Created: time.Unix(0, 0).UTC(), Streams: []Stream{
		{Kind: Blob, Name: "index", MediaType: ocispec.MediaTypeImageIndex, Digest: sum("a"), Size: 3, Chunks: []Chunk{{sum("a"), 3}}},
		{Kind: Blob, Name: "memory", MediaType: "x/y", Digest: sum("b"), Size: MinChunk + 1, Chunks: []Chunk{{sum("c"), MinChunk}, {sum("d"), 1}}},
		{Kind: Volume, Name: "volume-0", Digest: sum("e"), Size: 0, Chunks: []Chunk{}},
	}}
}

func TestTable(t *testing.T) {
	for name, spoil := range map[string]func(*Table){
		"":                    func(*Table) {},
		"schema":              func(t *Table) { t.Schema = "lull.artifact/2" },
		"no streams":          func(t *Table) { t.Streams = nil },
		"volume first":        func(t *Table) { t.Streams = t.Streams[2:] },
		"name is a path":      func(t *Table) { t.Ref = "../../etc/passwd" },
		"name is an option":   func(t *Table) { t.Ref = "--all" },
		"name is two lines":   func(t *Table) { t.Ref = "a\nb" },
		"volume is a path":    func(t *Table) { t.Streams[2].Name = "../volume-0" },
		"volume is hidden":    func(t *Table) { t.Streams[2].Name = ".volume-0" },
		"volume twice":        func(t *Table) { t.Streams = append(t.Streams, t.Streams[2]) },
		"blob twice":          func(t *Table) { t.Streams = append(t.Streams, t.Streams[0]) },
		"kind":                func(t *Table) { t.Streams[0].Kind = "file" },
		"digest":              func(t *Table) { t.Streams[0].Digest = "sha256:00" },
		"digest of md5":       func(t *Table) { t.Streams[0].Digest = "md5:0123" },
		"size below zero":     func(t *Table) { t.Streams[0].Size = -1 },
		"size of another":     func(t *Table) { t.Streams[0].Size = 1 << 50 },
		"chunk too large":     func(t *Table) { t.Streams[0].Chunks[0].Size, t.Streams[0].Size = MaxChunk+1, MaxChunk+1 },
		"chunk below zero":    func(t *Table) { t.Streams[0].Chunks[0].Size = -3 },
		"chunk of nothing":    func(t *Table) { t.Streams[0].Chunks = append(t.Streams[0].Chunks, Chunk{sum("x"), 0}) },
		"small chunk between": func(t *Table) { c := t.Streams[1].Chunks; c[0], c[1] = c[1], c[0] },
		"media type":          func(t *Table) { t.Streams[1].MediaType = "x/y\r\nHost: elsewhere" },
	} {
		made := table()
		spoil(made)
		raw, err := json.Marshal(made)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeTable(raw)
		if (err == nil) != (name == "") || name != "" && !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %+v, %v", name, got, err)
		}
	}
	if _, err := DecodeTable([]byte(`{"schema":"lull.artifact/1","more":1}`)); !errors.Is(err, ErrFormat) {
		t.Errorf("an unknown field: %v", err)
	}
}

func ociManifest(t testing.TB, change func(*ocispec.Manifest)) []byte {
	t.Helper()
	raw, err := Manifest(Type, []ocispec.Descriptor{Describe(TypeTable, []byte("t"), false), Describe(TypeChunk, []byte("c"), false)}, nil, time.Unix(0, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	var m ocispec.Manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	change(&m)
	raw, err = json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestDecodeManifest(t *testing.T) {
	for name, spoil := range map[string]func(*ocispec.Manifest){
		"":                    func(*ocispec.Manifest) {},
		"another artifact":    func(m *ocispec.Manifest) { m.ArtifactType = "application/vnd.cncf.helm" },
		"an image":            func(m *ocispec.Manifest) { m.ArtifactType = "" },
		"no layers":           func(m *ocispec.Manifest) { m.Layers = nil },
		"no table":            func(m *ocispec.Manifest) { m.Layers = m.Layers[1:] },
		"two tables":          func(m *ocispec.Manifest) { m.Layers[1] = m.Layers[0] },
		"half encrypted":      func(m *ocispec.Manifest) { m.Layers[1].MediaType += encryptedType },
		"huge layer":          func(m *ocispec.Manifest) { m.Layers[1].Size = 1 << 40 },
		"layer of nothing":    func(m *ocispec.Manifest) { m.Layers[1].Size = 0 },
		"size below zero":     func(m *ocispec.Manifest) { m.Layers[1].Size = -1 },
		"digest is a path":    func(m *ocispec.Manifest) { m.Layers[1].Digest = "sha256:../../x" },
		"more than there are": func(m *ocispec.Manifest) { m.Layers = append(m.Layers, make([]ocispec.Descriptor, MaxChunks)...) },
	} {
		_, err := DecodeManifest(ociManifest(t, spoil))
		if (err == nil) != (name == "") || name != "" && !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestMatch(t *testing.T) {
	layers := func(n int, size int64) (p Parts) {
		for range n {
			p.Chunks = append(p.Chunks, ocispec.Descriptor{Size: size})
		}
		return p
	}
	if err := layers(3, 100).Match(table()); err != nil {
		t.Error(err)
	}
	if err := layers(2, 100).Match(table()); !errors.Is(err, ErrFormat) {
		t.Errorf("a chunk is missing: %v", err)
	}
	bomb := table()
	s := &bomb.Streams[1]
	s.Chunks, s.Size = nil, 0
	for range 1000 {
		s.Chunks, s.Size = append(s.Chunks, Chunk{sum("0"), MinChunk}), s.Size+MinChunk
	}
	if err := layers(1001, 1000).Match(bomb); !errors.Is(err, ErrFormat) {
		t.Errorf("a megabyte that becomes four gigabytes: %v", err)
	}
	if err := layers(1001, 1<<20).Match(bomb); err != nil {
		t.Errorf("four gigabytes, well packed: %v", err)
	}
}

func seal(t testing.TB, plain []byte, to ...age.Recipient) []byte {
	t.Helper()
	s, err := NewSealer(to)
	if err != nil {
		t.Fatal(err)
	}
	var wire bytes.Buffer
	if err := s.Seal(&wire, plain); err != nil {
		t.Fatal(err)
	}
	return wire.Bytes()
}

func opener(t testing.TB, with ...age.Identity) *Opener {
	t.Helper()
	o, err := NewOpener(with)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

func TestSealAndOpen(t *testing.T) {
	mine, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	others, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, plain := range [][]byte{{}, []byte("x"), bytes.Repeat([]byte("page "), 1<<20)} {
		c := Chunk{digest.FromBytes(plain), int64(len(plain))}
		plainly, secret := seal(t, plain), seal(t, plain, mine.Recipient(), others.Recipient())
		if got, err := opener(t).OpenChunk(plainly, false, c, nil); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes in clear: %v", len(plain), err)
		}
		if got, err := opener(t, mine).OpenChunk(secret, true, c, nil); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes encrypted: %v", len(plain), err)
		}
		if len(plain) > 1 && bytes.Contains(secret, plain[:min(len(plain), 40)]) {
			t.Error("what is encrypted can be read")
		}
	}
	secret := seal(t, []byte("secret"), others.Recipient())
	c := Chunk{sum("secret"), 6}
	for name, o := range map[string]*Opener{"none": opener(t), "another": opener(t, mine)} {
		if _, err := o.OpenChunk(secret, true, c, nil); !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	secret[len(secret)-1] ^= 1
	if _, err := opener(t, others).OpenChunk(secret, true, c, nil); !errors.Is(err, ErrFormat) {
		t.Errorf("altered: %v", err)
	}
}

// Chunks that become more than they say, or other bytes.
func TestOpenRefuses(t *testing.T) {
	wide, err := zstd.NewWriter(nil, zstd.WithWindowSize(64<<20))
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 9<<20)
	for i := range noise {
		noise[i] = byte(i * i >> 3)
	}
	var window bytes.Buffer
	wide.Reset(&window)
	if _, err := wide.Write(noise); err != nil {
		t.Fatal(err)
	}
	wide.Close()
	for name, tc := range map[string]struct {
		wire []byte
		c    Chunk
	}{
		"bomb":        {seal(t, make([]byte, 64<<20)), Chunk{sum("x"), 1 << 10}},
		"wide window": {window.Bytes(), Chunk{digest.FromBytes(noise), int64(len(noise))}},
		"shorter":     {seal(t, []byte("ab")), Chunk{sum("abc"), 3}},
		"other bytes": {seal(t, []byte("abd")), Chunk{sum("abc"), 3}},
		"no zstd":     {[]byte("hello"), Chunk{sum("hello"), 5}},
		"nothing":     {nil, Chunk{sum("hello"), 5}},
	} {
		if _, err := opener(t).OpenChunk(tc.wire, false, tc.c, nil); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestChunkSize(t *testing.T) {
	for total, want := range map[int64]int64{0: MinChunk, 1 << 30: MinChunk, 40 << 30: MinChunk, 60 << 30: 2 * MinChunk, 200 << 30: 8 * MinChunk, MaxTotal - MaxChunk: MaxChunk, MaxTotal: 0} {
		if got := ChunkSize(total); got != want {
			t.Errorf("%d: %d, want %d", total, got, want)
		}
	}
}

func FuzzTable(f *testing.F) {
	raw, err := table().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := DecodeTable(raw)
		if err != nil {
			return
		}
		again, err := got.Encode()
		if err != nil {
			t.Fatalf("decoded, and not encoded: %v", err)
		}
		if _, err := DecodeTable(again); err != nil {
			t.Errorf("not read again: %v", err)
		}
		if got.Bytes(Blob) < 0 || got.Bytes(Volume) < 0 || got.Chunks() > MaxChunks {
			t.Errorf("%d chunks, %d and %d bytes", got.Chunks(), got.Bytes(Blob), got.Bytes(Volume))
		}
	})
}

func FuzzManifest(f *testing.F) {
	f.Add(ociManifest(f, func(*ocispec.Manifest) {}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := DecodeManifest(raw)
		if err == nil && (p.Table.Size <= 0 || p.Wire() <= 0 || len(p.Chunks) > MaxChunks) {
			t.Errorf("%+v", p)
		}
	})
}

func FuzzOpen(f *testing.F) {
	f.Add(seal(f, []byte("hello")), int64(5))
	f.Add(seal(f, make([]byte, 1<<20)), int64(1<<20))
	f.Fuzz(func(t *testing.T, wire []byte, size int64) {
		size = min(max(size, 0), MinChunk)
		o, err := NewOpener(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		if plain, err := o.Open(wire, false, size, nil); err == nil && int64(len(plain)) > size {
			t.Errorf("%d bytes, %d allowed", len(plain), size)
		}
	})
}
