package criu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// AIO is what the kernel shows of the native AIO of some processes. CRIU saves
// the rings with the answers in them, and silently forgets the requests that
// the kernel has not answered yet. Those are not shown anywhere; that there is
// none follows from the program's own count of zero between two equal AIO.
type AIO struct {
	rings map[place]Ring
	moved map[int]moved
}

// place is where a ring is mapped.
type place struct {
	pid  int
	from uint64
}

// Ring is the head of a ring of answers, as the kernel keeps it in the
// process's memory: the kernel puts answers in at Tail, the program takes them
// out at Head.
type Ring struct{ Head, Tail uint32 }

// moved is how many bytes a process has moved to and from storage. The kernel
// counts them when a request is made, not when it is answered.
type moved struct{ read, written uint64 }

// ReadAIO reads the rings of these processes, and the traffic of those that
// have some. Processes that have ended have none.
func ReadAIO(pids []int) (AIO, error) {
	a := AIO{rings: map[place]Ring{}, moved: map[int]moved{}}
	for _, pid := range pids {
		if err := a.add(pid); err != nil && !ended(err) {
			return AIO{}, fmt.Errorf("native AIO of %s: %w", describe(pid), err)
		}
	}
	return a, nil
}

func ended(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) }

func (a AIO) add(pid int) error {
	maps, err := os.ReadFile(proc(pid, "maps"))
	if err != nil {
		return err
	}
	froms := ringsIn(string(maps))
	for _, from := range froms {
		if a.rings[place{pid, from}], err = readRing(pid, from); err != nil {
			return err
		}
	}
	if len(froms) == 0 {
		return nil
	}
	a.moved[pid], err = traffic(pid)
	return err
}

// ringsIn are the addresses at which /proc/PID/maps has a ring.
func ringsIn(maps string) (all []uint64) {
	const name = 5 // after address, permissions, offset, device, inode
	for line := range strings.Lines(maps) {
		f := strings.Fields(line)
		if len(f) <= name || f[name] != aioRing {
			continue
		}
		first, _, _ := strings.Cut(f[0], "-")
		if from, err := strconv.ParseUint(first, 16, 64); err == nil {
			all = append(all, from)
		}
	}
	return all
}

// The head of struct aio_ring: id, nr, head, tail, magic, of 32 bits each.
const (
	ringHead  = 8
	ringTail  = 12
	ringMark  = 16
	ringSize  = 20
	ringMagic = 0xa10a10a1
)

func readRing(pid int, from uint64) (Ring, error) {
	memory, err := os.Open(proc(pid, "mem"))
	if err != nil {
		return Ring{}, err
	}
	defer memory.Close()
	head := make([]byte, ringSize)
	if _, err := memory.ReadAt(head, int64(from)); err != nil {
		return Ring{}, err
	}
	if m := binary.NativeEndian.Uint32(head[ringMark:]); m != ringMagic {
		return Ring{}, fmt.Errorf("no ring at %#x: %#x", from, m)
	}
	return Ring{binary.NativeEndian.Uint32(head[ringHead:]), binary.NativeEndian.Uint32(head[ringTail:])}, nil
}

func traffic(pid int) (b moved, err error) {
	data, err := os.ReadFile(proc(pid, "io"))
	if err != nil {
		return b, err
	}
	found := 0
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		n, err := strconv.ParseUint(value, 10, 64)
		switch {
		case err != nil:
		case name == "read_bytes":
			b.read, found = n, found+1
		case name == "write_bytes":
			b.written, found = n, found+1
		}
	}
	if found != 2 {
		return b, errors.New("the kernel does not count what a process reads and writes (CONFIG_TASK_IO_ACCOUNTING)")
	}
	return b, nil
}

// None is true when no process has a ring.
func (a AIO) None() bool { return len(a.rings) == 0 }

// Taken is true when the programs have taken every answer out.
func (a AIO) Taken() bool {
	for _, r := range a.rings {
		if r.Head != r.Tail {
			return false
		}
	}
	return true
}

// Same is true when nothing was asked for or answered between the two, and the
// processes are the same.
func (a AIO) Same(b AIO) bool { return a.SameRings(b) && maps.Equal(a.moved, b.moved) }

// SameRings is true when nothing was answered between the two.
func (a AIO) SameRings(b AIO) bool { return maps.Equal(a.rings, b.rings) }

// Processes that have rings.
func (a AIO) Processes() []int { return slices.Sorted(maps.Keys(a.moved)) }
