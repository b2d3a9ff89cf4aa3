package volume

import (
	"context"
	"os"
)

// stage copies the capture into new/, durably, and checks it. The volume is
// not touched.
func (s *site) stage(ctx context.Context, p Pair) error {
	src, err := openRoot(p.Capture)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := s.sub("new")
	if err != nil {
		return err
	}
	defer dst.Close()
	w := &walk{ctx: ctx, xattrs: true}
	if err := w.tree(src); err != nil {
		return err
	}
	c := &copier{ctx: ctx, src: src, dst: dst, entries: w.entries, hash: p.List != nil}
	c.clones.Store(canClone(src, dst, w.entries))
	if !c.clones.Load() {
		if err := mayCopy(dst, w.allocated, 0, 0); err != nil {
			return err
		}
	}
	if err := c.tree(); err != nil {
		return err
	}
	if err := checkStaged(ctx, dst, w.entries, p); err != nil {
		return err
	}
	return syncFS(dst)
}

func checkStaged(ctx context.Context, dst *os.File, staged []Entry, p Pair) error {
	if p.List == nil {
		return nil
	}
	if err := hashCopy(ctx, asItIs, dst, staged); err != nil {
		return err
	}
	if d := p.List.against(staged); d.Any() {
		return &PathError{Class: ErrCapture, Path: p.Capture, Why: d.String(),
			Remedy: "nothing was changed; restore from another copy of the checkpoint"}
	}
	return nil
}
