package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/ledger"
)

// checkpoint runs a command that checkpoints into the image ref while clients
// write, and finds out what it cost them.
func (a *act) checkpoint(ref string, args ...string) step {
	return func(ctx context.Context) error {
		start, ran, err := a.take(ctx, args)
		if err != nil {
			return err
		}
		end := a.load.log.Now()
		if err := a.load.write(ctx, 0); err != nil {
			return err
		}
		history := a.load.log.History()
		a.result.Cut = Cut{By: words(args, 3), Image: ref, Seconds: ran.Seconds,
			StallMillis: millis(history.Stalls(start, end).Overall.Length())}
		if err := a.inspect(ctx); err != nil {
			return err
		}
		a.cut = narrow(history, start, end, a.result.Cut.Frozen)
		a.mustUndo = true
		a.say.Say("%.1f s in all, level %s; the database stood still for %.2f s of it, and %.2f s is the longest that clients waited.",
			ran.Seconds, a.result.Cut.Level, a.result.Cut.Frozen/1000, a.result.Cut.StallMillis/1000)
		a.say.Gap()
		return nil
	}
}

// take notes what the tutorial's queries answer, and runs the command.
func (a *act) take(ctx context.Context, args []string) (start time.Duration, ran Ran, err error) {
	if a.before, err = a.db.TutorialAnswers(ctx); err != nil {
		return 0, ran, err
	}
	a.mark("checkpoint")
	start = a.load.log.Now()
	ran, err = a.do(ctx, args...)
	return start, ran, err
}

// park runs a command that checkpoints and stops the container, and removes it.
func (a *act) park(args ...string) step {
	return func(ctx context.Context) error {
		_, ran, err := a.take(ctx, args)
		if err != nil {
			return err
		}
		a.silence()
		ref := lastWord(ran.stdout)
		if ref == "" {
			return fmt.Errorf("%s named no image", ran.Command)
		}
		a.result.Cut = Cut{By: words(args, 4), Image: ref, Seconds: ran.Seconds, Stops: true}
		if err := a.inspect(ctx); err != nil {
			return err
		}
		a.say.Say("%.1f s in all, level %s. The database has stopped; what its clients were told stays true.", ran.Seconds, a.result.Cut.Level)
		a.say.Gap()
		return a.remove(ctx)
	}
}

// silence waits until the clients of a server that is gone have noticed:
// nothing tells them, so their kernels have to ask.
func (a *act) silence() {
	defer a.say.Live("its clients notice the silence", nil)()
	a.load.stop()
}

// inspection is the part of `lull inspect --json` that is used.
type inspection struct {
	Bytes    int64              `json:"bytes"`
	Usable   bool               `json:"usable"`
	Problem  string             `json:"problem"`
	Manifest *manifest.Manifest `json:"manifest"`
}

// inspect reads the checkpoint's manifest.
func (a *act) inspect(ctx context.Context) error {
	ran, err := a.do(ctx, "lull", "inspect", "--json", a.result.Cut.Image)
	if err != nil {
		return err
	}
	var seen inspection
	if err := json.Unmarshal([]byte(ran.stdout), &seen); err != nil {
		return fmt.Errorf("%s: %w", ran.Command, err)
	}
	if !seen.Usable || seen.Manifest == nil {
		return errors.New("the checkpoint is not usable: " + seen.Problem)
	}
	a.result.Cut.learn(seen)
	return nil
}

func (c *Cut) learn(seen inspection) {
	m := seen.Manifest
	c.Level, c.Frozen, c.Steps, c.Bytes = m.Reached.Level, m.FrozenMillis, m.Steps, seen.Bytes
	for _, f := range m.Files {
		c.Memory += f.Size
	}
	for _, v := range m.Volumes {
		c.Files += v.Fingerprint.Bytes
	}
}

// narrow finds the freeze between two instants by what clients saw: the one
// time without an answer that is long enough. Every write that was answered
// before it must be in the checkpoint, none that was sent after it may be.
// When several are long enough, both instants stay as they are.
func narrow(h ledger.History, start, end time.Duration, frozenMillis float64) ledger.Rollback {
	wide := ledger.Rollback{CutStart: start, CutEnd: end}
	least := time.Duration(frozenMillis/2*float64(time.Millisecond)) + 1
	var found []ledger.Rollback
	last := start
	for _, e := range h.Events {
		if e.Kind != ledger.Acked || e.At < start {
			continue
		}
		if e.At-last >= least && last < end {
			found = append(found, ledger.Rollback{CutStart: last + 1, CutEnd: e.At})
		}
		last = e.At
	}
	if len(found) != 1 {
		return wide
	}
	return found[0]
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func lastWord(text string) string {
	f := strings.Fields(text)
	if len(f) == 0 {
		return ""
	}
	return f[len(f)-1]
}

// words are the first few words of a command.
func words(args []string, n int) string { return strings.Join(args[:min(n, len(args))], " ") }
