package diversion

import (
	"errors"
	"fmt"
	"slices"
)

// GiveBack plans that the stock shims of the record at path stand in their own
// places again. It comes before a Removal looks at what runs: from then on no
// container gets lull's shim by the stock one's name.
func GiveBack(path string) (p Plan, err error) {
	r, err := ReadRecord(path)
	if err != nil {
		return p, err
	}
	shims, err := places(r.Shims)
	if err != nil {
		return p, err
	}
	for _, shim := range shims {
		giveBack(&p, shim)
	}
	sweep(&p, Record{Shims: shims})
	if len(shims) > 0 {
		p.Actions = append(p.Actions, rewrite(path, Record{Version: r.Version, Files: r.Files}))
	}
	return p, nil
}

// Removal plans the end of the programs in the record at path. Those that
// something running needs stay, with a note and in the record: a path that the
// bundle of a running container names is never removed.
func Removal(path string, use Use, callers []Caller) (p Plan, err error) {
	r, err := ReadRecord(path)
	if err != nil {
		return p, err
	}
	left := Record{Version: r.Version, Shims: r.Shims}
	for _, file := range slices.Backward(r.Files) { // the command before the shim that starts it
		if why := needed(file, r, use, callers); why != "" {
			p.Notes = append(p.Notes, file+" stays: "+why)
			left.Files = append(left.Files, file)
			continue
		}
		takeAway(&p, file)
	}
	slices.Reverse(left.Files)
	sweep(&p, Record{Files: r.Files})
	if !slices.Equal(left.Files, r.Files) {
		p.Actions = append(p.Actions, rewrite(path, left))
	}
	return p, nil
}

// needed says why a program has to stay; nothing: it need not.
func needed(file string, r Record, use Use, callers []Caller) string {
	if n := use.of(file, r.Files); n > 0 {
		return fmt.Sprintf("%d running containers need it; uninstall again when they are gone", n)
	}
	for _, c := range callers {
		if c.needs(file) {
			return c.What + "; uninstall again after that"
		}
	}
	return ""
}

// rewrite comes last: until all is gone, the record says where to look.
func rewrite(path string, now Record) Action {
	return Action{
		What: "bring " + path + " up to date",
		do:   func() error { return nil },
		done: func() error { return now.write(path) },
	}
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
			done: func() error { return errors.Join(remove(file+old), removeProgram(file)) },
		})
	}
}
