package diversion

import (
	"fmt"
	"slices"
)

// Removal plans the end of what the record at path says. Programs that
// something running needs stay, with a note and in the record: a path that the
// bundle of a running container names is never removed.
func Removal(path string, use Use) (Plan, error) {
	r, err := ReadRecord(path)
	if err != nil {
		return Plan{}, err
	}
	shims, err := places(r.Shims)
	if err != nil {
		return Plan{}, err
	}
	var p Plan
	for _, shim := range shims {
		giveBack(&p, shim)
	}
	left := Record{Version: r.Version}
	for _, file := range slices.Backward(r.Files) { // the command before the shim that starts it
		if n := use.of(file, r.Files); n > 0 {
			p.Notes = append(p.Notes, fmt.Sprintf("%s stays: %d running containers need it; uninstall again when they are gone", file, n))
			left.Files = append(left.Files, file)
			continue
		}
		takeAway(&p, file)
	}
	slices.Reverse(left.Files)
	if !r.None() && !slices.Equal(left.Files, r.Files) || len(r.Shims) > 0 {
		p.Actions = append(p.Actions, Action{
			What: "bring " + path + " up to date",
			do:   func() error { return left.write(path) },
			undo: func() error { return r.write(path) },
		})
	}
	return p, nil
}

// giveBack puts the stock shim in its own place. Where containerd was upgraded
// since, its new shim stands there already.
func giveBack(p *Plan, shim string) {
	kept := shim + Kept
	switch {
	case !exists(kept):
		p.Notes = append(p.Notes, kept+" is not there: "+shim+" is left as it is")
	case exists(shim) && !Ours(shim):
		p.Actions = append(p.Actions, Action{
			What: fmt.Sprintf("remove %s: %s is a stock shim again", kept, shim),
			do:   func() error { return remove(kept) },
		})
	case !exists(shim): // containerd was removed; what still runs may need it
		p.Actions = append(p.Actions, Action{
			What: fmt.Sprintf("put the stock shim back to %s, where nothing is any more", shim),
			do:   func() error { return rename(kept, shim) },
			undo: func() error {
				if !exists(shim) {
					return nil
				}
				return rename(shim, kept)
			},
		})
	default:
		p.Actions = append(p.Actions, Action{
			What: "put the stock shim back to " + shim,
			do: func() error {
				if err := keep(shim, shim+old); err != nil {
					return err
				}
				return rename(kept, shim)
			},
			undo: func() error {
				if !exists(shim + old) {
					return nil
				}
				if err := keep(shim, kept); err != nil {
					return err
				}
				return rename(shim+old, shim)
			},
			done: func() error { return remove(shim + old) },
		})
	}
}

func takeAway(p *Plan, file string) {
	switch {
	case !exists(file):
	case !Ours(file):
		p.Notes = append(p.Notes, file+" is not lull's any more and stays")
	default:
		p.Actions = append(p.Actions, Action{
			What: "remove " + file,
			do:   func() error { return rename(file, file+old) },
			undo: func() error {
				if !exists(file + old) {
					return nil
				}
				return rename(file+old, file)
			},
			done: func() error { return remove(file + old) },
		})
	}
}
