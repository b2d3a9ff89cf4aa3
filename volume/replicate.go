package volume

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"
)

// Replicate makes dst a folder like src, a capture for example: cloned file by
// file. Where files cannot be cloned they are copied if copies says so, else it
// fails with ErrTooLarge. Nothing is hashed and nothing synced: dst is for a
// server to write to. A failure leaves nothing.
func Replicate(ctx context.Context, src, dst string, copies bool) error {
	from, err := openRoot(src)
	if err != nil {
		return err
	}
	defer from.Close()
	w := &walk{ctx: ctx, xattrs: true}
	list, err := w.list(from)
	if err != nil {
		return err
	}
	r, err := newResult(from.Name(), dst)
	if err != nil {
		return err
	}
	r.List = list
	o := CaptureOptions{MaxCopy: 1} // byte: none
	if copies {
		o.MaxCopy = 0
	}
	err = r.fill(ctx, from, w.allocated, o)
	if err == nil {
		err = unix.Renameat2(unix.AT_FDCWD, r.temp, unix.AT_FDCWD, r.dst, unix.RENAME_NOREPLACE)
	}
	if err != nil {
		return errors.Join(err, r.Discard())
	}
	return r.close()
}
