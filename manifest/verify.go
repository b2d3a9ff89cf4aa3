package manifest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Verify returns the manifest of a checkpoint that may be restored: sealed,
// the seal right, every file there with its size and digest, no file more. It
// reads every byte of the folder. Everything else is a *Refusal: ErrMissing,
// ErrSchema, ErrAltered, ErrPending or ErrPoisoned.
func Verify(ctx context.Context, dir string) (*Manifest, error) {
	return VerifyKnown(ctx, dir, nil)
}

// VerifyKnown is Verify for a folder of which some files were read before, and
// are known to be untouched: known gives their sha256 in hexadecimal by name.
// One whose sha256 is not the sealed one is read again.
func VerifyKnown(ctx context.Context, dir string, known map[string]string) (*Manifest, error) {
	m, err := VerifySeal(dir)
	if err != nil {
		return nil, err
	}
	if err := complete(dir, m.Files); err != nil {
		return nil, err
	}
	err = each(ctx, len(m.Files), func(ctx context.Context, i int) error {
		if known[m.Files[i].Name] == m.Files[i].SHA256 {
			return nil // its size was looked at
		}
		return same(ctx, dir, m.Files[i])
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// VerifySeal is the part of Verify that looks at the manifest alone: cheap,
// for a caller that overlaps the rest with other work.
func VerifySeal(dir string) (*Manifest, error) {
	raw, err := load(dir)
	if err != nil {
		return nil, err
	}
	return CheckSeal(raw)
}

// CheckSeal is VerifySeal for the bytes of a manifest: it gives the manifest
// only when it is sealed. A seal that does not hold
// comes before everything that its contents may say.
func CheckSeal(raw []byte) (*Manifest, error) {
	m, err := Decode(raw)
	if !sealHolds(raw) && (err == nil || strings.HasPrefix(string(raw), head)) {
		return nil, altered(FileName, "its seal does not match its contents")
	}
	if err != nil {
		return nil, err
	}
	switch m.Status {
	case Pending:
		return nil, pending()
	case Poisoned:
		return nil, poisoned(m.Reason)
	}
	return m, nil
}

// VerifyFile is the part of Verify that reads one file, of a manifest whose seal
// was looked at.
func (m *Manifest) VerifyFile(ctx context.Context, dir, name string) error {
	for _, f := range m.Files {
		if f.Name == name {
			return same(ctx, dir, f)
		}
	}
	return altered(name, "it does not belong to the checkpoint")
}

// complete compares names and sizes, which costs nothing, before any hashing.
func complete(dir string, files []File) error {
	found, err := names(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := hasSize(filepath.Join(dir, f.Name), f.Size); err != nil {
			return err
		}
	}
	for _, name := range found {
		if !known(files, name) {
			return altered(name, "it does not belong to the checkpoint")
		}
	}
	return nil
}

// known looks a name up; Validate has seen to it that files is sorted.
func known(files []File, name string) bool {
	_, found := slices.BinarySearchFunc(files, name, func(f File, name string) int {
		return strings.Compare(f.Name, name)
	})
	return found
}

func hasSize(path string, size int64) error {
	st, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return altered(filepath.Base(path), "it is missing")
	case err != nil:
		return fmt.Errorf("look at a checkpoint file: %w", err)
	case st.Size() != size:
		return altered(filepath.Base(path), fmt.Sprintf("it has %d bytes, %d were sealed", st.Size(), size))
	}
	return nil
}

func same(ctx context.Context, dir string, want File) error {
	got, err := hashFile(ctx, dir, want.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return altered(want.Name, "it is missing")
	}
	if err != nil {
		return err
	}
	if got != want {
		return altered(want.Name, "its sha256 is not the one that was sealed")
	}
	return nil
}
