package harness

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"path"
	"slices"
	"testing"
)

// File is one file of an archive.
type File struct {
	Header *tar.Header
	Data   []byte
}

// Archive is a tar, unpacked in memory, in its order.
type Archive []File

// File finds a file by its path.
func (a Archive) File(t testing.TB, name string) *File {
	t.Helper()
	is := func(f File) bool { return path.Clean(f.Header.Name) == name }
	i := slices.IndexFunc(a, is)
	if i < 0 {
		t.Fatalf("the archive has no %s", name)
	}
	return &a[i]
}

// Names lists the regular files.
func (a Archive) Names() (names []string) {
	for _, f := range a {
		if f.Header.Typeflag == tar.TypeReg {
			names = append(names, path.Clean(f.Header.Name))
		}
	}
	return names
}

// Without gives the archive without one of its files.
func (a Archive) Without(t testing.TB, name string) Archive {
	t.Helper()
	a.File(t, name) // else it would be a test of nothing
	return slices.DeleteFunc(a, func(f File) bool { return path.Clean(f.Header.Name) == name })
}

// Set replaces the contents of a file.
func (f *File) Set(data []byte) {
	f.Data = data
	f.Header.Size = int64(len(data))
}

// Flip changes one byte: size and times stay.
func (f *File) Flip(t testing.TB, at int) {
	t.Helper()
	if at < 0 || at >= len(f.Data) {
		t.Fatalf("%s has no byte %d", f.Header.Name, at)
	}
	f.Data[at] ^= 1
}

func unpack(raw []byte, zipped bool) (a Archive, err error) {
	var r io.Reader = bytes.NewReader(raw)
	if zipped {
		if r, err = gzip.NewReader(r); err != nil {
			return nil, err
		}
	}
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return a, nil
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		a = append(a, File{h, data})
	}
}

func (a Archive) pack(zipped bool) ([]byte, error) {
	var raw bytes.Buffer
	if !zipped {
		err := a.write(&raw)
		return raw.Bytes(), err
	}
	z, err := gzip.NewWriterLevel(&raw, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	err = errors.Join(a.write(z), z.Close())
	return raw.Bytes(), err
}

func (a Archive) write(w io.Writer) error {
	out := tar.NewWriter(w)
	for _, f := range a {
		if err := out.WriteHeader(f.Header); err != nil {
			return err
		}
		if _, err := out.Write(f.Data); err != nil {
			return err
		}
	}
	return out.Close()
}
