package dockerd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Lookup finds a container in Docker's data folder as Docker itself does: by
// its id, by its name, by the beginning of its id.
func Lookup(root, ref string) (Container, error) {
	dir := filepath.Join(root, "containers")
	if ref == "" || !fullName(ref) {
		return Container{}, fmt.Errorf("%q: %w", ref, ErrNone)
	}
	if c, err := Read(filepath.Join(dir, ref)); err == nil {
		return c, nil
	}
	all, err := List(root)
	if err != nil {
		return Container{}, err
	}
	var begins []Container
	for _, c := range all {
		if c.Name == ref {
			return c, nil
		}
		if strings.HasPrefix(c.ID, ref) {
			begins = append(begins, c)
		}
	}
	if len(begins) == 1 {
		return begins[0], nil
	}
	return Container{}, fmt.Errorf("%q: %w", ref, ErrNone)
}

// fullName: Docker's names may hold dots, and never a slash.
func fullName(ref string) bool { return !strings.Contains(ref, "/") && ref != "." && ref != ".." }

// List reads all containers in Docker's data folder. One that is being made or
// removed is left out.
func List(root string) ([]Container, error) {
	entries, err := os.ReadDir(filepath.Join(root, "containers"))
	if err != nil {
		return nil, err
	}
	var out []Container
	for _, e := range entries {
		c, err := Read(filepath.Join(root, "containers", e.Name()))
		switch {
		case errors.Is(err, ErrNone):
		case err != nil:
			return nil, err
		default:
			out = append(out, c)
		}
	}
	return out, nil
}
