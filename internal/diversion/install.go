package diversion

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Wanted is an installation as it is to be.
type Wanted struct {
	From    string   // folder with the programs
	Bin     string   // where lull, its agent and its shim go
	Shims   []string // stock shims that the front takes the place of
	Version string
	Record  string // path of the record

	// Running looks for shims that run: what one needs stays when an installation
	// is taken back. Nil: none do.
	Running func() Use
}

// Plan compares with what is there. It changes nothing, and refuses what is
// not lull's to replace.
func (w Wanted) Plan() (Plan, error) {
	w, err := w.resolved()
	if err != nil {
		return Plan{}, err
	}
	before, err := ReadRecord(w.Record)
	if err != nil {
		return Plan{}, err
	}
	var p Plan
	now := w.record(&p, before)
	front := w.front()
	if err := w.program(&p, front, frontOf(w.Bin), now); err != nil {
		return Plan{}, err
	}
	for _, name := range beside() {
		if err := w.program(&p, filepath.Join(w.From, name), filepath.Join(w.Bin, name), now); err != nil {
			return Plan{}, err
		}
	}
	for _, shim := range w.Shims {
		if err := divert(&p, front, shim); err != nil {
			return Plan{}, err
		}
	}
	sweep(&p, now)
	return p, nil
}

// front is the front among the programs: beside the others where they were built,
// else where an installation keeps it. One that stands in a stock shim's place may
// be an older one.
func (w Wanted) front() string {
	built := filepath.Join(w.From, StockShim)
	diverted := slices.ContainsFunc(w.Shims, func(shim string) bool { return samePlace(shim, built) })
	if kept := frontOf(w.From); diverted || !Ours(built) && Ours(kept) {
		return kept
	}
	return built
}

func (w Wanted) program(p *Plan, from, to string, now Record) error {
	if !Ours(from) {
		return fmt.Errorf("%s is not lull's program of that name; name the folder that has them with --from", from)
	}
	if same(from, to) {
		return nil
	}
	if exists(to) && !Ours(to) {
		return fmt.Errorf("%s is there and is not lull's; move it away, or name another folder with --bin", to)
	}
	a := replace(from, to)
	if !exists(to) {
		a.undo = func() error { return w.unplace(to, now) }
	}
	p.Actions = append(p.Actions, a)
	return nil
}

// unplace takes a program away that was not there before, unless a container
// that was started meanwhile needs it.
func (w Wanted) unplace(to string, now Record) error {
	if w.Running != nil {
		if n := w.Running().of(to, now.Files); n > 0 {
			return fmt.Errorf("%s stays: %d running containers need it", to, n)
		}
	}
	return removeProgram(to)
}

// replace puts a program at a path and keeps what it replaces until all is done.
func replace(from, to string) Action {
	before := exists(to)
	a := Action{What: "install " + to}
	if before {
		a.What = "replace " + to
	}
	a.do = func() error {
		if before {
			if err := keep(to, to+old); err != nil {
				return err
			}
		} else if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return place(from, to)
	}
	a.undo = func() error {
		if !before {
			return remove(to)
		}
		if !exists(to + old) {
			return nil
		}
		return rename(to+old, to)
	}
	a.done = func() error { return remove(to + old) }
	return a
}

// divert has the front stand in a stock shim's place.
func divert(p *Plan, front, shim string) error {
	switch {
	case !exists(shim):
		return fmt.Errorf("%s is not there; name containerd's own shim with --shim", shim)
	case !Ours(shim):
		p.Actions = append(p.Actions, aside(shim), overStock(front, shim))
	case !exists(shim+Kept) || Ours(shim+Kept):
		return fmt.Errorf("%s is lull's and the stock shim is not beside it (%s); install containerd's own shim again", shim, shim+Kept)
	case !same(front, shim):
		p.Actions = append(p.Actions, replace(front, shim))
	}
	return nil
}

// aside keeps the stock shim. One that is kept already is of before an upgrade
// of containerd, which put its new one over the front.
func aside(shim string) Action {
	kept, before, begun := shim+Kept, exists(shim+Kept), false
	return Action{
		What: "keep the stock shim as " + kept,
		do: func() error {
			if Ours(shim) || exists(kept) != before {
				return fmt.Errorf("%s was changed meanwhile", shim)
			}
			begun = true
			if before {
				if err := keep(kept, kept+old); err != nil {
					return err
				}
			}
			return keep(shim, kept)
		},
		undo: func() error {
			if !begun {
				return nil
			}
			if !before {
				return remove(kept)
			}
			if !exists(kept + old) {
				return nil
			}
			return rename(kept+old, kept)
		},
		done: func() error { return remove(kept + old) },
	}
}

// overStock puts the front over the stock shim, which is kept beside it.
func overStock(front, shim string) Action {
	return Action{
		What: "put lull's front in the place of " + shim,
		do:   func() error { return place(front, shim) },
		undo: func() error {
			if !exists(shim+Kept) || !Ours(shim) {
				return nil // it was never replaced
			}
			return rename(shim+Kept, shim)
		},
	}
}

// record notes first what there will be, so that an installation that is killed
// can be taken away. Undone, it notes what is left.
func (w Wanted) record(p *Plan, before Record) Record {
	now := Record{Version: w.Version, Files: slices.Clone(before.Files), Shims: slices.Clone(before.Shims)}
	now.Files = add(now.Files, frontOf(w.Bin))
	for _, name := range beside() {
		now.Files = add(now.Files, filepath.Join(w.Bin, name))
	}
	for _, shim := range w.Shims {
		now.Shims = add(now.Shims, shim)
	}
	if before.Version == now.Version && slices.Equal(before.Files, now.Files) && slices.Equal(before.Shims, now.Shims) {
		return now
	}
	fresh := now.absent()
	p.Actions = append(p.Actions, Action{
		What: "note all this in " + w.Record,
		do:   func() error { return now.write(w.Record) },
		undo: func() error { return before.with(fresh).write(w.Record) },
	})
	return now
}

func add(list []string, path string) []string {
	if slices.Contains(list, path) {
		return list
	}
	return append(list, path)
}
