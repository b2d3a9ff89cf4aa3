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
	if err := r.gather(first, step); err != nil {
		return Nothing, err
	}
	if r.decided(first.journal.Members[0]) {
		return New, dropAll(r.sites)
	}
	for _, s := range slices.Backward(r.sites) {
		if err := s.rollBack(); err != nil {
			return Nothing, err
		}
	}
	return Old, nil
}

// gather opens the other volumes of the put back, in its order. One that is
// gone, or that has none of this put back's journal, is not waited for.
func (r *Rollback) gather(first *site, step func(string) error) error {
	r.sites = nil
	for _, member := range first.journal.Members {
		if member == first.journal.Dst {
			r.sites = append(r.sites, first)
			continue
		}
		s, err := openMember(member, first.journal.ID, step)
		if err != nil {
			return errors.Join(err, first.close())
		}
		if s != nil {
			r.sites = append(r.sites, s)
		}
	}
	return nil
}

func openMember(member, id string, step func(string) error) (*site, error) {
	path, err := raw(member)
	if err != nil {
		return nil, err
	}
	s, err := openSite(path, step)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := s.find(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if s.work == nil || s.journal.ID != id {
		return nil, s.close()
	}
	return s, nil
}

// decided: the first member's journal says committed. It is removed last, so
// when it is gone nothing was committed.
func (r *Rollback) decided(leader string) bool {
	return slices.ContainsFunc(r.sites, func(s *site) bool {
		return s.journal.Dst == leader && s.journal.State == committed
	})
}
