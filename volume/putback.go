package volume

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"
)

// Pair is one capture and the volume that it is put back to.
type Pair struct {
	Capture string // folder that Publish made
	Dst     string // folder on the host, its real path
	List    *List  // when given, the staged copy must match it: ErrCapture
}

// PutBackOptions of a put back.
type PutBackOptions struct {
	// Step is called between the steps, for failpoints: an error there is
	// handled like a failure of the step that follows.
	Step func(step string) error
	// Records is the folder that Asides reads; empty: none is kept.
	Records string
}

// Rollback is a put back that is neither committed nor undone: the volumes
// have the captures' contents, and what they had before is kept aside on the
// same file system. It holds locks; one of Commit and Undo must end it.
type Rollback struct {
	sites []*site
	note  string // file of the record; empty: none
}

// PutBack makes every volume's contents equal to its capture: all of them or,
// after a failure, none. Nobody may use the volumes: the caller has their
// leases. First everything is copied beside the volumes and checked, then only
// names move; the volumes' own folders stay the same inodes, for they may be
// mount points, mounted elsewhere, and they name the lease. After a kill
// at any point Recover ends in the contents from before, or after Commit began
// in the new ones. A volume where an earlier put back was interrupted is
// refused (ErrBusy): recover it first.
func PutBack(ctx context.Context, pairs []Pair, o PutBackOptions) (*Rollback, error) {
	r := &Rollback{}
	if err := r.run(ctx, pairs, o); err != nil {
		return nil, errors.Join(err, r.Undo(context.WithoutCancel(ctx)))
	}
	return r, nil
}

func (r *Rollback) run(ctx context.Context, pairs []Pair, o PutBackOptions) error {
	if err := r.open(pairs, o); err != nil {
		return err
	}
	of, err := r.plan()
	if err != nil {
		return err
	}
	if err := r.record(o.Records, of); err != nil {
		return err
	}
	for i, p := range pairs {
		if err := r.sites[i].begin(of); err != nil {
			return err
		}
		if err := r.sites[i].stage(ctx, p); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, s := range r.sites {
		if err := s.swap(); err != nil {
			return err
		}
	}
	return nil
}

// open opens all volumes and refuses those that are not ready. Sites enter
// r.sites only without a work folder, so that Undo undoes nothing of others.
func (r *Rollback) open(pairs []Pair, o PutBackOptions) error {
	for _, p := range pairs {
		s, err := openSite(p.Dst, o.Step)
		if err != nil {
			return err
		}
		if err := r.fresh(s); err != nil {
			return errors.Join(err, s.close())
		}
		r.sites = append(r.sites, s)
	}
	return nil
}

func (r *Rollback) fresh(s *site) error {
	for _, other := range r.sites {
		a, b := s.dst.Name(), other.dst.Name()
		if inside(a, b) || inside(b, a) {
			return &PathError{Class: ErrPath, Path: a, Why: "it lies in " + show(b) + ", or the other way round"}
		}
	}
	if err := s.find(); err != nil || s.work == nil {
		return err
	}
	return &PathError{Class: ErrBusy, Path: s.dst.Name(), Why: "a put back was interrupted here",
		Remedy: "recover it first"}
}

// plan is what the journals of all volumes have in common.
func (r *Rollback) plan() (journal, error) {
	of := journal{Schema: journalSchema, ID: randomName(), Created: time.Now().UTC()}
	for _, s := range r.sites {
		st, err := statAt(s.dst, "")
		if err != nil {
			return of, &PathError{Class: ErrPath, Path: s.dst.Name(), Err: err}
		}
		of.Members, of.Inodes = append(of.Members, safe(s.dst.Name())), append(of.Inodes, st.Inode)
	}
	return of, nil
}

// Aside names the folders that keep what the volumes had before.
func (r *Rollback) Aside() []string {
	var paths []string
	for _, s := range r.sites {
		if s.work != nil {
			paths = append(paths, filepath.Join(s.work.Name(), "old"))
		}
	}
	return paths
}

// Decide makes the new contents stand whatever kills us from here on; it comes
// before anybody may write to them. Undo still takes it back. After an error
// they do not stand.
func (r *Rollback) Decide() error {
	if len(r.sites) == 0 {
		return nil
	}
	return r.sites[0].save(committed)
}

// Commit decides for the new contents and drops what was kept aside. Once the
// first volume's journal says so the decision stands for all, also when Commit
// itself then fails or is killed: Recover finishes it.
func (r *Rollback) Commit(context.Context) error {
	if len(r.sites) == 0 {
		return nil
	}
	err := r.sites[0].save(committed)
	if err == nil {
		err = dropAll(r.sites)
	}
	if err == nil {
		err = r.erase()
	}
	return errors.Join(err, r.close())
}

// dropAll drops the first one, which has the decision, last.
func dropAll(sites []*site) error {
	for _, s := range slices.Backward(sites) {
		if s.work == nil {
			continue
		}
		if err := s.drop(); err != nil {
			return err
		}
	}
	return nil
}

// Undo brings back what the volumes had before, also after Decide. What fails
// is reported, and left for Recover; the other volumes are undone all the same.
func (r *Rollback) Undo(context.Context) error {
	if err := r.undecide(); err != nil {
		return errors.Join(err, r.close())
	}
	var errs []error
	for _, s := range slices.Backward(r.sites) {
		if s.work != nil {
			errs = append(errs, s.rollBack())
		}
	}
	if errors.Join(errs...) == nil {
		errs = append(errs, r.erase())
	}
	return errors.Join(append(errs, r.close())...)
}

func (r *Rollback) undecide() error {
	if len(r.sites) == 0 || r.sites[0].work == nil || r.sites[0].journal.State != committed {
		return nil
	}
	return r.sites[0].save(swapped)
}

func (r *Rollback) close() error {
	var errs []error
	for _, s := range r.sites {
		errs = append(errs, s.close())
	}
	r.sites = nil
	return errors.Join(errs...)
}
