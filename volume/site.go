package volume

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/moby/sys/mountinfo"
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
		errs = append(errs, unlock(s.work))
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

// forget removes a work folder without a journal: one that was just made, or
// all but removed. Anything else in it is not ours to remove.
func (s *site) forget() error {
	for _, name := range []string{journalTemp, workInside} {
		if err := unix.Unlinkat(int(s.work.Fd()), name, 0); err != nil && !errors.Is(err, unix.ENOENT) {
			return &PathError{Class: ErrPath, Path: s.work.Name(), Err: err}
		}
	}
	if err := removeFolder(s.place.base, s.place.name); err != nil {
		return &PathError{Class: ErrJournal, Path: s.work.Name(), Err: err,
			Why: "it has no journal, but holds files", Remedy: "look into it, then move it away"}
	}
	err := unlock(s.work)
	s.work = nil
	return err
}

// begin makes the work folder and its first journal.
func (s *site) begin(id string, members []string) error {
	if err := s.refuseMounts(s.dst.Name()); err != nil {
		return err
	}
	root, err := folderEntry(s.dst)
	if err != nil {
		return &PathError{Class: ErrPath, Path: s.dst.Name(), Err: err}
	}
	if err := s.makeWork(); err != nil {
		return err
	}
	s.journal = journal{Schema: journalSchema, ID: id, Dst: safe(s.dst.Name()), Members: members,
		Root: toRecord(root), Created: time.Now().UTC()}
	if err := s.save(staging); err != nil {
		return err
	}
	for _, name := range []string{"new", "old"} {
		if err := unix.Mkdirat(int(s.work.Fd()), name, 0o700); err != nil {
			return &PathError{Class: ErrPath, Path: s.work.Name(), Err: err}
		}
	}
	return nil
}

// makeWork prefers a place that the database cannot see.
func (s *site) makeWork() (err error) {
	beside, err := besidePlace(s.dst)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		s.place = beside
		if s.work, err = beside.make(); err != nil {
			return err
		}
		err = beside.probe(s.work, s.dst)
		if err == nil {
			return nil
		}
		if err := errors.Join(s.forget(), beside.base.Close()); err != nil {
			return err
		}
	}
	s.place = insidePlace(s.dst)
	s.work, err = s.place.make()
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

// refuseMounts: a mount point cannot be moved, and must not be emptied.
func (s *site) refuseMounts(path string) error {
	found, err := mountinfo.GetMounts(func(m *mountinfo.Info) (skip, stop bool) {
		return !strings.HasPrefix(m.Mountpoint, strings.TrimSuffix(path, "/")+"/"), false
	})
	if err != nil {
		return &PathError{Class: ErrPath, Path: path, Err: err}
	}
	if len(found) > 0 {
		return &PathError{Class: ErrPath, Path: found[0].Mountpoint, Why: "a mount point lies in the volume",
			Remedy: "unmount it, or put the volume back by hand"}
	}
	return nil
}

// sub opens one of the work folder's folders.
func (s *site) sub(name string) (*os.File, error) {
	f, err := openQuiet(s.work, name, unix.O_DIRECTORY)
	if err != nil {
		return nil, &PathError{Class: ErrJournal, Path: filepath.Join(s.work.Name(), name), Err: err}
	}
	return rename(f, filepath.Join(s.work.Name(), name))
}
