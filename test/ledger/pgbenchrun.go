package ledger

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strconv"
	"sync"
	"time"
)

// RunningPgbench is a load that was started.
type RunningPgbench struct {
	bench  Pgbench
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu     sync.Mutex
	result PgbenchResult // guarded by mu
}

// PgbenchResult is what pgbench said. Its errors are no verdict: a restored
// server closes every connection.
type PgbenchResult struct {
	Starts       int      // of the program, which ends when its connections are lost
	Transactions int64    // about: rates times their intervals
	Errors       []string // the first hundred lines that are no progress
}

// Start runs the load until ctx ends or Stop; pgbench is started again
// whenever it ends.
func (b Pgbench) Start(ctx context.Context) *RunningPgbench {
	ctx, cancel := context.WithCancel(ctx)
	r := &RunningPgbench{bench: b, cancel: cancel}
	r.done.Go(func() {
		for ctx.Err() == nil {
			if err := r.once(ctx); err != nil && ctx.Err() == nil {
				r.note(err.Error())
			}
			_ = sleep(ctx, 200*time.Millisecond) // it ends early with ctx, and so does the loop
		}
	})
	return r
}

// Stop ends the load and gives what it said.
func (r *RunningPgbench) Stop() PgbenchResult {
	r.cancel()
	r.done.Wait()
	return r.Result()
}

// Result is what pgbench said so far.
func (r *RunningPgbench) Result() PgbenchResult {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result
}

func (r *RunningPgbench) once(ctx context.Context) error {
	cmd := r.bench.command(ctx, "-n", "-P", "1", "-T", "86400",
		"-c", strconv.Itoa(r.bench.Clients), "-j", strconv.Itoa(r.bench.Jobs))
	lines, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := r.bench.Server.inside(cmd.Start); err != nil {
		return err
	}
	r.mu.Lock()
	r.result.Starts++
	r.mu.Unlock()
	return errors.Join(r.read(lines), cmd.Wait())
}

func (r *RunningPgbench) read(lines io.Reader) error {
	scan := bufio.NewScanner(lines)
	for interval := (progressMeter{}); scan.Scan(); {
		if n, ok := interval.count(scan.Text()); ok {
			r.mu.Lock()
			r.result.Transactions += n
			r.mu.Unlock()
			continue
		}
		r.note(scan.Text())
	}
	return scan.Err()
}

func (r *RunningPgbench) note(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.result.Errors) < 100 {
		r.result.Errors = append(r.result.Errors, line)
	}
}
