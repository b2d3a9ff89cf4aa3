package volume

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lull-containers/lull/internal/flock"

	"golang.org/x/sys/unix"
)

// site is one volume of a put back.
type site struct {
	dst     *os.File
	place   place
	work    *os.File // locked while the site is open; nil: there is none
	journal journal
	step    func(string) error
}

func openSite(path string, step func(string) error) (*site, error) {
	dst, err := openRoot(path)
	if err != nil {
		return nil, err
	}
	if step == nil {
		step = func(string) error { return nil }
	}
	return &site{dst: dst, step: step}, nil
}

// close lets go of the locks. Nothing on disk changes.
func (s *site) close() error {
	var errs []error
	if s.work != nil {
		errs = append(errs, flock.Close(s.work))
	}
	if s.place.base != nil && s.place.base != s.dst {
		errs = append(errs, s.place.base.Close())
	}
	if s.dst != nil {
		errs = append(errs, s.dst.Close())
	}
	s.work, s.place, s.dst = nil, place{}, nil
	return errors.Join(errs...)
}

// find opens the work folder of a put back that was begun, wherever it is, and
// reads its journal. Without one s.work stays nil.
func (s *site) find() error {
	if err := s.findAt(insidePlace(s.dst)); err != nil || s.work != nil {
		return err
	}
	beside, err := besidePlace(s.dst)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	err = s.findAt(beside)
	if s.work == nil {
		s.place = place{}
		err = errors.Join(err, beside.base.Close())
	}
	return err
}

func (s *site) findAt(p place) error {
	if at, err := statAt(p.base, p.name); err == nil && at.Type == Regular {
		return unix.Unlinkat(int(p.base.Fd()), p.name, 0) // left by a probe
	}
	work, err := p.open()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	s.place, s.work = p, work
	s.journal, err = readJournal(work)
	if errors.Is(err, fs.ErrNotExist) {
		return s.forget()
	}
	return err
}

// save moves the site to another state, durably.
func (s *site) save(to state) error {
	if err := s.step(string(to)); err != nil {
		return err
	}
	s.journal.State = to
	if err := writeJournal(s.work, &s.journal); err != nil {
		return err
	}
	return s.step("after " + string(to))
}

// sub opens one of the work folder's folders.
func (s *site) sub(name string) (*os.File, error) {
	f, err := openQuiet(s.work, name, unix.O_DIRECTORY)
	if err != nil {
		return nil, &PathError{Class: ErrJournal, Path: filepath.Join(s.work.Name(), name), Err: err}
	}
	return rename(f, filepath.Join(s.work.Name(), name))
}
