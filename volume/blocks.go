package volume

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// errShrank: the file became shorter while it was read.
var errShrank = errors.New("the file became shorter")

const (
	smallBlock = 64 << 10
	largeBlock = copyBuffer
	largeFile  = 4 << 30 // bytes, from which on blocks are large: 16 bytes are kept of each
)

// blocks are what is known of a copy. A tag that is known always is that of
// what the copy has, also when the copying was interrupted.
type blocks struct {
	size int64 // of the copy
	each int64 // bytes of a block
	tags []tag
}

// resize makes room for size bytes. What a cut goes through is not known any more.
func (b *blocks) resize(size int64) {
	if b.each == 0 {
		b.each = smallBlock
		if size >= largeFile {
			b.each = largeBlock
		}
	}
	if size != b.size {
		b.forget(min(size, b.size) / b.each)
	}
	n := int((size + b.each - 1) / b.each)
	for len(b.tags) < n {
		b.tags = append(b.tags, tag{})
	}
	b.tags, b.size = b.tags[:n], size
}

func (b *blocks) forget(i int64) {
	if i < int64(len(b.tags)) {
		b.tags[i] = tag{}
	}
}

// blockCopy makes out, whose blocks are known, like in: every byte of in that
// is not in a hole is read, what differs is written.
type blockCopy struct {
	ctx     context.Context
	in, out *os.File
	tagger  *tagger
	blocks  *blocks
	buf     []byte // of at least a large block
	pace    *pace  // nil: as fast as can be
	digest  bool   // of what out has afterwards
	hash    hash.Hash
	read    int64
	written int64
}

func (c *blockCopy) run(size int64) error {
	if c.digest {
		c.hash = sha256.New()
	}
	c.blocks.resize(size)
	if err := c.out.Truncate(size); err != nil {
		return err
	}
	each := c.blocks.each
	for at := int64(0); at < size; {
		start, end, err := nextData(c.in, at, size)
		if err != nil {
			return err
		}
		start -= start % each
		if err := c.hole(at, max(start, at)); err != nil {
			return err
		}
		for at = max(start, at); at < end; at += each {
			if err := c.block(at, min(each, size-at)); err != nil {
				return err
			}
		}
		at = min(at, size)
	}
	return nil
}

// hole makes the whole blocks of a range a hole.
func (c *blockCopy) hole(start, end int64) error {
	for at := start; at < end; at += c.blocks.each {
		i, n := at/c.blocks.each, min(c.blocks.each, end-at)
		c.zeros(n)
		if c.blocks.tags[i] == holeTag {
			continue
		}
		c.blocks.tags[i] = tag{}
		err := unix.Fallocate(int(c.out.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, at, n)
		if errors.Is(err, unix.EOPNOTSUPP) {
			clear(c.buf[:n])
			err = writeAt(c.out, c.buf[:n], at)
		}
		if err != nil {
			return err
		}
		c.blocks.tags[i] = holeTag
	}
	return c.ctx.Err()
}

func (c *blockCopy) zeros(n int64) {
	if c.hash != nil && n > 0 {
		clear(c.buf[:n])
		c.hash.Write(c.buf[:n])
	}
}

func (c *blockCopy) block(at, n int64) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	b := c.buf[:n]
	m, err := c.in.ReadAt(b, at)
	c.read += int64(m)
	if int64(m) < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = errShrank
		}
		return err
	}
	if c.hash != nil {
		c.hash.Write(b)
	}
	wrote, err := c.differs(at, b)
	if err != nil || c.pace == nil {
		return err
	}
	return c.pace.after(c.ctx, c.out, n, wrote)
}

// differs writes the block where the copy has another one.
func (c *blockCopy) differs(at int64, b []byte) (wrote int64, err error) {
	i, sum := at/c.blocks.each, c.tagger.of(b)
	if c.blocks.tags[i] == sum {
		return 0, nil
	}
	c.blocks.tags[i] = tag{} // until it is written
	if err := writeAt(c.out, b, at); err != nil {
		return 0, err
	}
	c.blocks.tags[i] = sum
	c.written += int64(len(b))
	return int64(len(b)), nil
}

func (c *blockCopy) sum() Digest { return Digest(c.hash.Sum(nil)) }
