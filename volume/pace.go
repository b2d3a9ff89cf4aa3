package volume

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	paceStep   = 1 << 20 // bytes between two looks at the clock
	dirtyLimit = 8 << 20 // bytes that may wait to be written out
	askAgain   = 250 * time.Millisecond
	longest    = 200 * time.Millisecond // of a pause
)

// pace holds a copy back, so that the database beside it gets the disks: it
// leaves little to be written out by others, and rests for as long as the
// kernel's I/O pressure says.
type pace struct {
	began  time.Time
	done   int64 // bytes since began
	dirty  int64 // bytes
	asked  time.Time
	factor float64 // of the time worked, to rest

	reserve int64 // bytes, that have to be left free where the copy goes

	resting func() // called before a rest; for tests
}

func newPace() *pace { return &pace{began: time.Now(), factor: 1} }

// after is called when n bytes were read, and wrote of them written to out.
func (p *pace) after(ctx context.Context, out *os.File, n, wrote int64) error {
	p.done, p.dirty = p.done+n, p.dirty+wrote
	if p.dirty >= dirtyLimit {
		p.dirty = 0
		// It only spreads the work: durable is what Publish makes it.
		_ = unix.SyncFileRange(int(out.Fd()), 0, 0,
			unix.SYNC_FILE_RANGE_WAIT_BEFORE|unix.SYNC_FILE_RANGE_WRITE|unix.SYNC_FILE_RANGE_WAIT_AFTER)
	}
	if p.done < paceStep {
		return nil
	}
	if p.resting != nil {
		p.resting()
	}
	if err := p.room(out); err != nil {
		return err
	}
	rest := min(time.Duration(float64(time.Since(p.began))*p.ask()), longest)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(rest):
	}
	p.done, p.began = 0, time.Now()
	return nil
}

// room looks at the disk where the database may need it.
func (p *pace) room(out *os.File) error {
	if p.reserve == 0 {
		return nil
	}
	return leaves(out, p.reserve)
}

func (p *pace) ask() float64 {
	if time.Since(p.asked) > askAgain {
		p.asked = time.Now()
		data, err := os.ReadFile("/proc/pressure/io")
		p.factor = restFor(string(data), err == nil)
	}
	return p.factor
}

// restFor is how long to rest for each second of work, by what the kernel says
// of the last ten seconds: the share of them in which somebody waited for a
// disk. Where it says nothing, half of the time is the database's.
func restFor(pressure string, known bool) float64 {
	_, rest, found := strings.Cut(pressure, "some avg10=")
	text, _, _ := strings.Cut(rest, " ")
	waits, err := strconv.ParseFloat(text, 64)
	switch {
	case !known || !found || err != nil:
		return 1
	case waits < 10:
		return 0.1
	case waits < 40:
		return 0.5
	}
	return 2
}
