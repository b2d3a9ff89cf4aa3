package transfer

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/store/artifact"
)

// journal remembers what a push has put in its place, so that an interrupted
// one goes on where it was: an encrypted chunk has another digest each time.
type journal struct {
	path string
	f    *os.File

	mu   sync.Mutex
	done map[digest.Digest]ocispec.Descriptor // by the chunk's own digest; guarded by mu
}

type journalLine struct {
	Chunk digest.Digest `json:"chunk"`
	Blob  digest.Digest `json:"blob"`
	Size  int64         `json:"size"`
}

// openJournal opens the journal for everything that key stands for.
func openJournal(dir, key string) (*journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	j := &journal{path: filepath.Join(dir, digest.FromString(key).Encoded()+".jsonl"), done: map[digest.Digest]ocispec.Descriptor{}}
	raw, err := os.Open(j.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		j.read(raw)
		raw.Close()
	}
	j.f, err = os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err == nil {
		_, err = j.f.WriteString("\n") // ends what a kill cut off
	}
	return j, err
}

// SweepJournals removes the journals of pushes that were not gone on with since
// before, and gives their names. Their chunks may be sent again.
func SweepJournals(dir string, before time.Time) (gone []string, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		st, err := os.Lstat(path)
		if err == nil && st.ModTime().After(before) {
			continue
		}
		if err == nil {
			err = os.Remove(path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			continue // it ended
		}
		if err != nil {
			return gone, err
		}
		gone = append(gone, filepath.Base(path))
	}
	return gone, nil
}

// read takes what can be understood. A line that lies costs an upload: the
// place is asked whether it has the blob.
func (j *journal) read(f *os.File) {
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var l journalLine
		if json.Unmarshal(lines.Bytes(), &l) != nil || l.Chunk.Validate() != nil || l.Blob.Validate() != nil || l.Size <= 0 {
			continue
		}
		j.done[l.Chunk] = ocispec.Descriptor{Digest: l.Blob, Size: l.Size}
	}
}

func (j *journal) find(c artifact.Chunk) (ocispec.Descriptor, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	d, ok := j.done[c.Digest]
	return d, ok
}

func (j *journal) add(c artifact.Chunk, d ocispec.Descriptor) error {
	line, err := json.Marshal(journalLine{c.Digest, d.Digest, d.Size})
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done[c.Digest] = ocispec.Descriptor{Digest: d.Digest, Size: d.Size}
	_, err = j.f.Write(append(line, '\n'))
	return err
}

func (j *journal) close() error { return j.f.Close() }

// remove ends the journal of a push that is complete.
func (j *journal) remove() error { return errors.Join(j.close(), os.Remove(j.path)) }
