package captures

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/flock"

	"github.com/lull-containers/lull/volume"
)

// The errors that callers tell apart.
var (
	ErrNotFound = errors.New("there is no such capture")
	ErrHeld     = errors.New("the capture is still needed")
	ErrBusy     = errors.New("the capture is being made")
)

const (
	checkpoints = "checkpoints"
	holds       = "holds"
	mark        = "poisoned" // as the engine names it
	abandoned   = "abandoned"
	idPattern   = `^[0-9a-f]{32}$`
)

// Store is lull's store, the folder store_dir of the configuration. Captures
// on other file systems are reached through it.
type Store struct{ Dir string }

// Checkpoint is what the store has of one checkpoint.
type Checkpoint struct {
	ID       string
	Made     time.Time // when its folder was last changed
	Captures []Capture
	Holds    []Hold
	Poisoned string // why it must never be restored; empty: it may be
	Busy     bool   // it is being made by a live process
	// Abandoned: its image was removed while it was held, and it goes with the
	// last hold.
	Abandoned bool
}

// Capture is one captured volume.
type Capture struct {
	Name string // volume-0, …
	Path string // the folder itself, on whatever file system
}

// Folder is where the store keeps a checkpoint's captures, or the links to them.
func (s Store) Folder(id string) string { return filepath.Join(s.Dir, checkpoints, id) }

// List gives all checkpoints that the store has something of, by id.
func (s Store) List(ctx context.Context) ([]Checkpoint, error) {
	entries, err := os.ReadDir(filepath.Join(s.Dir, checkpoints))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Checkpoint
	for _, e := range entries {
		if !e.IsDir() || !isID(e.Name()) {
			continue
		}
		c, err := s.Get(e.Name())
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func isID(name string) bool { return regexp.MustCompile(idPattern).MatchString(name) }

// Get gives one; ErrNotFound when the store has nothing of it.
func (s Store) Get(id string) (Checkpoint, error) {
	c := Checkpoint{ID: id}
	if !isID(id) {
		return c, fmt.Errorf("%w: %q is no checkpoint's id", ErrNotFound, id)
	}
	dir := s.Folder(id)
	st, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("%w: %s", ErrNotFound, id)
	}
	if err != nil {
		return c, err
	}
	c.Made = st.ModTime()
	if c.Captures, err = capturesIn(dir); err != nil {
		return c, err
	}
	if c.Holds, err = s.holdsOf(id); err != nil {
		return c, err
	}
	if reason, err := os.ReadFile(filepath.Join(dir, mark)); err == nil {
		c.Poisoned = strings.TrimSpace(string(reason))
	}
	if _, err := os.Lstat(filepath.Join(dir, abandoned)); err == nil {
		c.Abandoned = true
	}
	c.Busy, err = locked(dir)
	return c, err
}

// capturesIn lists the published captures: folders of the store itself, and
// those that its links lead to.
func capturesIn(dir string) ([]Capture, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []Capture
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "volume-") {
			continue
		}
		path, err := followed(dir, e)
		if err != nil {
			return nil, err
		}
		if st, err := os.Lstat(path); err == nil && st.IsDir() {
			all = append(all, Capture{Name: e.Name(), Path: path})
		}
	}
	return all, nil
}

func followed(dir string, e fs.DirEntry) (string, error) {
	path := filepath.Join(dir, e.Name())
	if e.Type()&os.ModeSymlink == 0 {
		return path, nil
	}
	target, err := os.Readlink(path)
	if err != nil {
		return "", err
	}
	// A link is believed only where lull itself would have put the capture.
	if want := filepath.Join(checkpoints, filepath.Base(dir), e.Name()); !filepath.IsAbs(target) ||
		!strings.HasSuffix(target, "/"+filepath.Join(foreignDir, want)) || filepath.Clean(target) != target {
		return "", fmt.Errorf("%s leads to %q, where lull keeps no captures; look into it, then remove the link", path, target)
	}
	return target, nil
}

// Remove removes a checkpoint's captures, wherever they are. A mark that it is
// poisoned stays: an image may still have it. Errors: ErrNotFound, ErrHeld,
// ErrBusy.
func (s Store) Remove(ctx context.Context, id string) (err error) {
	if _, err := s.Get(id); err != nil {
		return err
	}
	lock, err := lockFolder(s.Folder(id))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrNotFound, id)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, flock.Close(lock)) }()
	if !linked(lock) {
		return fmt.Errorf("%w: %s", ErrNotFound, id)
	}
	return s.removeLocked(ctx, id)
}

// removeLocked looks only now who needs the captures: nobody can come any more.
func (s Store) removeLocked(ctx context.Context, id string) error {
	c, err := s.Get(id)
	if err != nil {
		return err
	}
	if len(c.Holds) > 0 {
		return fmt.Errorf("%w: %s by %s", ErrHeld, id, names(c.Holds))
	}
	for _, x := range c.Captures {
		if err := errors.Join(ctx.Err(), volume.Remove(x.Path)); err != nil {
			return err
		}
	}
	return s.removeFolder(c)
}

// removeFolder removes what is left of a checkpoint without captures.
func (s Store) removeFolder(c Checkpoint) error {
	dir := s.Folder(c.ID)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if e.Name() == mark {
			continue
		}
		if e.Type()&os.ModeSymlink != 0 {
			errs = append(errs, s.forgetForeign(dir, e))
		}
		errs = append(errs, volume.Remove(filepath.Join(dir, e.Name())))
	}
	if c.Poisoned == "" {
		errs = append(errs, os.Remove(dir))
	}
	return errors.Join(errs...)
}

// forgetForeign removes the folders on another file system that are empty now.
func (s Store) forgetForeign(dir string, e fs.DirEntry) error {
	target, err := followed(dir, e)
	if err != nil {
		return err
	}
	for at := filepath.Dir(target); filepath.Base(at) != foreignDir; at = filepath.Dir(at) {
		if os.Remove(at) != nil {
			break // not empty: other checkpoints are there
		}
	}
	return nil //nolint:nilerr // as above
}

// Forget removes what Remove leaves of a poisoned checkpoint. It is for those
// that no image has any more.
func (s Store) Forget(id string) error {
	if err := s.Remove(context.Background(), id); err != nil {
		return err
	}
	return errors.Join(cleanup.IgnoreAbsent(os.Remove(filepath.Join(s.Folder(id), mark))), cleanup.IgnoreAbsent(os.Remove(s.Folder(id))))
}

func names(all []Hold) string {
	var list []string
	for _, h := range all {
		list = append(list, h.By)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
