package store

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/lull-containers/lull/manifest"
)

// scan reads an archive of CRIU images up to its manifest, and returns its
// bytes.
func scan(ctx context.Context, r io.Reader) ([]byte, error) {
	var raw []byte
	err := walk(ctx, r, func(name string, body io.Reader) (more bool, err error) {
		if name != manifest.FileName {
			return true, nil
		}
		raw, err = small(body)
		return false, err
	})
	if err == nil && raw == nil {
		err = missing()
	}
	return raw, err
}

// scanAll reads a whole archive: its manifest's bytes, and name, size and
// digest of everything else, sorted.
func scanAll(ctx context.Context, r io.Reader) (raw []byte, files []manifest.File, err error) {
	err = walk(ctx, r, func(name string, body io.Reader) (more bool, err error) {
		switch {
		case name == manifest.FileName && raw != nil:
			return false, altered(name, "it comes twice")
		case name == manifest.FileName:
			raw, err = small(body)
		default:
			files, err = hashed(files, name, body)
		}
		return true, err
	})
	if err == nil && raw == nil {
		err = missing()
	}
	slices.SortFunc(files, func(a, b manifest.File) int { return strings.Compare(a.Name, b.Name) })
	return raw, files, err
}

// walk calls visit for every file of a flat archive until it wants no more.
func walk(ctx context.Context, r io.Reader, visit func(string, io.Reader) (bool, error)) error {
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return fmt.Errorf("archive of CRIU images: %w", err)
		}
		if h.Typeflag == tar.TypeDir {
			continue
		}
		name := path.Clean(h.Name)
		if h.Typeflag != tar.TypeReg || sparse(h) {
			return altered(name, "it is not a regular file")
		}
		if more, err := visit(name, archive); err != nil || !more {
			return err
		}
	}
}

// sparse files are in no archive of containerd's, and a few bytes of one can
// stand for more zeros than anybody can hash.
func sparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

func small(body io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(body, manifest.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("archive of CRIU images: %w", err)
	}
	if len(raw) > manifest.MaxSize {
		return nil, altered(manifest.FileName, fmt.Sprintf("it has more than %d bytes", manifest.MaxSize))
	}
	return raw, nil
}

func hashed(files []manifest.File, name string, body io.Reader) ([]manifest.File, error) {
	h := sha256.New()
	n, err := io.Copy(h, body)
	if err != nil {
		return files, fmt.Errorf("archive of CRIU images: %s: %w", name, err)
	}
	return append(files, manifest.File{Name: name, Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}), nil
}

func missing() error {
	return &manifest.Refusal{Class: manifest.ErrMissing, File: manifest.FileName,
		Remedy: "it was not made through lull's shim: see `lull doctor`, and take it again"}
}

func altered(file, why string) error {
	return &manifest.Refusal{Class: manifest.ErrAltered, File: file, Why: why,
		Remedy: "restore from another copy, or take the checkpoint again"}
}
