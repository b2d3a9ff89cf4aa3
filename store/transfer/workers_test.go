package transfer

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/lull-containers/lull/store/artifact"
)

func TestAtOnce(t *testing.T) {
	for size, want := range map[int64]int{artifact.MinChunk: 3, 8 << 20: 2, artifact.MaxChunk: 2} {
		if n := atOnce(size); n != want || int64(n)*size > 128<<20 {
			t.Errorf("%d of %d bytes", n, size)
		}
	}
}

// The chunks of a checkpoint of hundreds of gigabytes are large: those of a file
// that is nearly all hole go there and back, and two at a time.
func TestLargeChunks(t *testing.T) {
	path, size := filepath.Join(t.TempDir(), "sparse"), int64(2*artifact.MaxChunk+artifact.MaxChunk/2+7)
	must(t, os.WriteFile(path, []byte("its beginning"), 0o600))
	must(t, os.Truncate(path, size))
	journal, err := openJournal(t.TempDir(), "large")
	must(t, err)
	defer journal.close()
	p := &pushing{to: folder(t), opts: PushOptions{Progress: quiet}, journal: journal, total: size}
	w := newWorkers(t.Context(), p, artifact.ChunkSize(500<<30))
	if n := cap(w.free); n != 2 {
		t.Errorf("%d at once", n)
	}
	open := func(context.Context) (io.ReadCloser, error) { return os.Open(path) }
	err = p.streams(w, []source{{artifact.Stream{Kind: artifact.Volume, Name: "volume-0", Size: size}, open}}, artifact.ChunkSize(500<<30))
	must(t, w.end())
	must(t, err)
	got := p.table.Streams[0]
	if len(got.Chunks) != 3 || got.Chunks[0].Size != artifact.MaxChunk || got.Chunks[2].Size != artifact.MaxChunk/2+7 {
		t.Fatalf("%+v", got.Chunks)
	}
	openers, err := newOpened(nil, 2)
	must(t, err)
	defer openers.close()
	ctx, stop := context.WithCancel(t.Context())
	back := &stream{ctx: ctx, stop: stop, from: p.to, openers: openers, chunks: got.Chunks, layers: p.layers, ahead: 1, fetched: func(int64) {}}
	defer back.close()
	d, err := digest.FromReader(back)
	if err != nil || d != got.Digest {
		t.Errorf("%s came back, %s was sent: %v", d, got.Digest, err)
	}
}
