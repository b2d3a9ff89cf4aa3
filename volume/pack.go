package volume

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"os"
)

// PackSize is the bytes that Pack writes. It fails for a list whose sizes
// nobody can mean.
func (l *List) PackSize() (int64, error) {
	files, err := l.packed()
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, e := range files {
		if e.Size > math.MaxInt64-sum {
			return 0, listError(1, fmt.Errorf("%q makes it larger than any disk", e.Path))
		}
		sum += e.Size
	}
	return sum, nil
}

// Pack writes the contents of a captured volume: the bytes of its regular
// files in the list's order, those of a file with several names once. All else
// that there is to know of the volume is in the list. What is not as it was
// captured is ErrCapture.
func (l *List) Pack(ctx context.Context, dir string, w io.Writer) error {
	root, err := openRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	files, err := l.packed()
	if err != nil {
		return err
	}
	buf := make([]byte, copyBuffer)
	for _, e := range files {
		if err := pack(ctx, root, e, w, buf); err != nil {
			return err
		}
	}
	return nil
}

func pack(ctx context.Context, root *os.File, e *Entry, w io.Writer, buf []byte) error {
	f, err := openQuiet(root, e.Path, 0)
	if err != nil {
		return &PathError{Class: ErrCapture, Path: e.Path, Err: err}
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(h, w)}, io.LimitReader(reader{ctx, f}, e.Size), buf)
	if err != nil {
		return err
	}
	if n != e.Size || Digest(h.Sum(nil)) != e.SHA256 {
		return &PathError{Class: ErrCapture, Path: e.Path, Why: "it is not what was captured",
			Remedy: "see `lull verify`, and take another copy of the checkpoint"}
	}
	return nil
}

// packed are the files whose contents travel. Names of one file have to agree
// about it.
func (l *List) packed() ([]*Entry, error) {
	var files []*Entry
	seen := map[inode]*Entry{}
	for i := range l.Entries {
		e := &l.Entries[i]
		if e.Type != Regular || e.Mount {
			continue
		}
		if e.unread() {
			return nil, listError(i+2, fmt.Errorf("the contents of %q are not known", e.Path))
		}
		if same := seen[e.inode()]; e.Nlink > 1 && same != nil {
			if same.Size != e.Size || same.SHA256 != e.SHA256 {
				return nil, listError(i+2, fmt.Errorf("%q and %q are one file and differ", same.Path, e.Path))
			}
			continue
		}
		if e.Nlink > 1 {
			seen[e.inode()] = e
		}
		files = append(files, e)
	}
	return files, nil
}
