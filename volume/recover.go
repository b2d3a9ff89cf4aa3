package volume

import (
	"context"
	"errors"
	"io/fs"
	"slices"
)

// Outcome of a recovery.
type Outcome string

// The outcomes.
const (
	Nothing Outcome = "nothing" // no put back was under way
	Old     Outcome = "old"     // the contents are those from before the put back
	New     Outcome = "new"     // the contents are the capture's
)

// Recover ends a put back that a kill or a power cut interrupted, on all of
// its volumes, whichever of them dst is: in the contents from before, unless
// Commit had decided. It has to run before any server is started on a volume,
// and its caller has the lease. A put back that a live process is at work on
// is ErrBusy. It can itself be killed and called again.
func Recover(ctx context.Context, dst string) (Outcome, error) {
	return recoverSteps(ctx, dst, nil)
}

func recoverSteps(_ context.Context, dst string, step func(string) error) (_ Outcome, err error) {
	r := &Rollback{}
	defer func() { err = errors.Join(err, r.close()) }()
	first, err := openSite(dst, step)
	if err != nil {
		return Nothing, err
	}
	r.sites = []*site{first}
	if err := first.find(); err != nil || first.work == nil {
		return Nothing, err
	}
	absent, err := r.gather(first, step)
	if err != nil {
		return Nothing, err
	}
	stands, err := r.decided(first, absent)
	if err != nil {
		return Nothing, err
	}
	if stands {
		return New, dropAll(r.sites)
	}
	for _, s := range slices.Backward(r.sites) {
		if err := s.rollBack(); err != nil {
			return Nothing, err
		}
	}
	return Old, nil
}

// gather opens the other volumes of the put back, in its order, and names those
// that are not there. One that has none of this put back's journal has ended it.
func (r *Rollback) gather(first *site, step func(string) error) (absent []string, err error) {
	r.sites = nil
	for i, member := range first.journal.Members {
		if member == first.journal.Dst {
			r.sites = append(r.sites, first)
			continue
		}
		s, err := openMember(member, first.journal.Inodes[i], step)
		if errors.Is(err, fs.ErrNotExist) {
			absent = append(absent, member)
			continue
		}
		if err != nil {
			return nil, errors.Join(err, first.close())
		}
		if s.work == nil || s.journal.ID != first.journal.ID {
			if err := s.close(); err != nil {
				return nil, errors.Join(err, first.close())
			}
			continue
		}
		r.sites = append(r.sites, s)
	}
	return absent, nil
}

// openMember opens a volume and its journal, if it has one. The error is
// fs.ErrNotExist when the folder is not there, or another one is in its place:
// a mount point that nothing is mounted on.
func openMember(member string, inode uint64, step func(string) error) (*site, error) {
	path, err := raw(member)
	if err != nil {
		return nil, err
	}
	s, err := openSite(path, step)
	if err != nil {
		return nil, err
	}
	now, err := statAt(s.dst, "")
	if err == nil && now.Inode != inode {
		err = fs.ErrNotExist
	}
	if err == nil {
		err = s.find()
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// decided: the first member's journal says committed. It is removed last, so
// when it is gone from its volume nothing was committed, nor when a volume has
// not got all of the new contents. While the first volume is not there nobody
// else knows; and a decision that another one has not heard of must not be
// forgotten.
func (r *Rollback) decided(first *site, absent []string) (bool, error) {
	leader := first.journal.Members[0]
	stands := slices.ContainsFunc(r.sites, func(s *site) bool {
		return s.journal.Dst == leader && s.journal.State == committed
	})
	half := slices.ContainsFunc(r.sites, func(s *site) bool {
		return s.journal.State != committed && s.journal.State != swapped
	})
	if len(absent) == 0 || !stands && (half || !slices.Contains(absent, leader)) {
		return stands, nil
	}
	path, err := raw(absent[0])
	if err != nil {
		return false, err
	}
	return false, &PathError{Class: ErrJournal, Path: path, Why: "a rollback of it and of " + show(first.dst.Name()) + " was interrupted, and it is not there",
		Remedy: "mount it; if it is gone for good, look into " + show(first.work.Name()) + ", then move that away"}
}
