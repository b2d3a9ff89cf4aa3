package volume

import (
	"context"
	"errors"
	"hash"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// dataCopy copies the data of one file and leaves its holes holes. With a hash
// every byte, zeros of holes included, goes through it in the same pass.
type dataCopy struct {
	ctx     context.Context
	out, in *os.File
	hash    hash.Hash // nil: not wanted
	buf     []byte
	slow    bool  // the kernel does not copy between these two by itself
	copied  int64 // bytes
}

func (c *dataCopy) run(size int64) (copied int64, err error) {
	for at := int64(0); at < size; {
		start, end, err := nextData(c.in, at, size)
		if err != nil {
			return c.copied, err
		}
		c.zeros(start - at)
		if err := c.extent(start, end); err != nil {
			return c.copied, err
		}
		at = end
	}
	return c.copied, c.out.Truncate(size)
}

// nextData finds the next run of data at or after at; where none follows it
// is empty at the end. File systems that know no holes have one run.
func nextData(f *os.File, at, size int64) (start, end int64, err error) {
	start, err = unix.Seek(int(f.Fd()), at, unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO):
		return size, size, nil
	case errors.Is(err, unix.EINVAL):
		return at, size, nil
	case err != nil:
		return 0, 0, err
	}
	end, err = unix.Seek(int(f.Fd()), start, unix.SEEK_HOLE)
	return min(start, size), min(end, size), err
}

func (c *dataCopy) zeros(n int64) {
	if c.hash == nil || n == 0 {
		return
	}
	clear(c.buf)
	for ; n > 0; n -= int64(len(c.buf)) {
		c.hash.Write(c.buf[:min(n, int64(len(c.buf)))])
	}
}

func (c *dataCopy) extent(start, end int64) error {
	for at := start; at < end; {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		n, err := c.some(at, end-at)
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrUnexpectedEOF
		}
		at, c.copied = at+n, c.copied+n
	}
	return nil
}

// some copies up to n bytes: inside the kernel when nobody has to see them.
func (c *dataCopy) some(at, n int64) (int64, error) {
	if c.hash == nil && !c.slow {
		from, to := at, at
		m, err := unix.CopyFileRange(int(c.in.Fd()), &from, int(c.out.Fd()), &to, int(min(n, 16<<20)), 0)
		if m > 0 || final(err) {
			return int64(m), err
		}
		c.slow = true
	}
	m, err := c.in.ReadAt(c.buf[:min(n, int64(len(c.buf)))], at)
	if m == 0 && err != nil {
		return 0, err
	}
	if c.hash != nil {
		c.hash.Write(c.buf[:m])
	}
	return int64(m), writeAt(c.out, c.buf[:m], at)
}

// final errors are not answered by trying another way.
func final(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EIO)
}

func writeAt(f *os.File, b []byte, at int64) error {
	_, err := f.WriteAt(b, at)
	return err
}
