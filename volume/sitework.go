package volume

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/lull-containers/lull/internal/flock"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

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
	err := flock.Close(s.work)
	s.work = nil
	return err
}

// begin makes the work folder and its first journal, of a put back.
func (s *site) begin(of journal) error {
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
	s.journal = of
	s.journal.Dst, s.journal.Root = safe(s.dst.Name()), toRecord(root)
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
