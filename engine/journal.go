package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/durable"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// releaseTime bounds the release of what outlives a session, a command of the
// user's apart.
const releaseTime = 10 * time.Second

// plan writes down, before anything is changed, what will outlive the session.
// What an earlier checkpoint could not release is released first.
func (k *Cut) plan(ctx context.Context) error {
	old, err := readJournal(k.c.Paths.State)
	if err != nil {
		return err
	}
	if len(old) > 0 {
		if err := k.session.Release(ctx, old); err != nil {
			return err
		}
		if err := strike(k.c.Paths.State, old); err != nil {
			return err
		}
	}
	lasting, err := k.session.Plan(ctx, k.mode() == modeFence, fenceHold)
	if err != nil || len(lasting) == 0 {
		return err
	}
	k.lasting = lasting
	return enter(k.c.Paths.State, lasting)
}

// SettingCommand is what the effect of lull/quiesce-exec is called in the
// journal and in the manifest; Ours is the command that ends it.
const SettingCommand = "lull/quiesce-exec"

// release undoes what outlives the session, on a context of its own: through
// the session while it stands, else through another. What could not be
// released stays in the journal.
func (k *Cut) release(ctx context.Context) error {
	ctx, cancel := k.releasing(ctx)
	defer cancel()
	return k.releaseAll(ctx)
}

// releaseFirst and releaseNext are the pauses between two attempts.
const (
	releaseFirst = 100 * time.Millisecond
	releaseNext  = 2 * time.Second
)

// insist tries to release until it is done or its time is over: nobody else
// may come by for long, and a server that has just been thawed, or is started
// anew, takes a moment. Credentials do not become right by waiting.
func (k *Cut) insist(ctx context.Context) error {
	ctx, cancel := k.releasing(ctx)
	defer cancel()
	last := time.Now().Add(releaseTime) // that an attempt begins
	for pause := releaseFirst; ; pause = min(2*pause, releaseNext) {
		err := k.releaseAll(ctx)
		if err == nil || errors.Is(err, quiesce.ErrAuth) || k.gone() || time.Now().Add(pause).After(last) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// gone: the container has ended meanwhile.
func (k *Cut) gone() bool {
	_, err := os.Stat(fmt.Sprintf("/proc/%d", k.pid))
	return errors.Is(err, fs.ErrNotExist)
}

func (k *Cut) releasing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), releaseTime+k.c.Settings.ExecTimeout)
}

// releaseAll ends last what the commands did: they began first. What succeeds
// is not done again because the other fails.
func (k *Cut) releaseAll(ctx context.Context) error {
	return errors.Join(k.releaseDatabase(ctx), k.releaseOf(ctx, k.lastingBy(true)))
}

// releaseDatabase leaves the commands' effect alone.
func (k *Cut) releaseDatabase(ctx context.Context) error { return k.releaseOf(ctx, k.lastingBy(false)) }

func (k *Cut) lastingBy(command bool) []manifest.Held {
	return slices.DeleteFunc(slices.Clone(k.lasting), func(h manifest.Held) bool { return (h.Setting == SettingCommand) != command })
}

func (k *Cut) releaseOf(ctx context.Context, held []manifest.Held) error {
	if len(held) == 0 {
		return nil
	}
	err := k.releaseBy(ctx, k.session, held)
	if err != nil {
		err = k.releaseAnew(ctx, held)
	}
	if err != nil {
		return fmt.Errorf("release what the checkpoint changed in the database: %w", err)
	}
	k.lasting = without(k.lasting, held)
	return strike(k.c.Paths.State, held)
}

// strikeFlushed is for what the last flush has ended: there is nothing to be
// released after the thaw, nor in a copy.
func (k *Cut) strikeFlushed() error {
	ended := slices.DeleteFunc(slices.Clone(k.lasting), func(h manifest.Held) bool { return h.Release != manifest.ByFlush })
	if len(ended) == 0 {
		return nil
	}
	k.lasting = without(k.lasting, ended)
	return strike(k.c.Paths.State, ended)
}

func without(all, some []manifest.Held) []manifest.Held {
	return slices.DeleteFunc(slices.Clone(all), func(h manifest.Held) bool { return slices.Contains(some, h) })
}

func (k *Cut) releaseBy(ctx context.Context, s Session, held []manifest.Held) error {
	if s == nil {
		return errors.New("no session")
	}
	return s.Release(ctx, held)
}

func (k *Cut) releaseAnew(ctx context.Context, held []manifest.Held) error {
	target, err := k.target(nil)
	if err != nil {
		return err
	}
	s, err := k.sessions.Begin().Open(ctx, target)
	if err != nil {
		return err
	}
	return errors.Join(k.releaseBy(ctx, s, held), s.Kill())
}

// lastingOf are those that a restored copy still has.
func lastingOf(held []manifest.Held) []manifest.Held {
	return slices.DeleteFunc(slices.Clone(held), func(h manifest.Held) bool { return h.Release == manifest.BySession })
}

// journalName is the file in a container's state folder that says what has to
// be released in its database.
const journalName = "journal.json"

// enter adds to the journal: what is there from before and was not released
// stays in it.
func enter(dir string, lasting []manifest.Held) error {
	all, err := readJournal(dir)
	if err != nil {
		return err
	}
	for _, h := range lasting {
		if !slices.Contains(all, h) {
			all = append(all, h)
		}
	}
	return writeJournal(dir, all)
}

// strike takes out of the journal what was released, and nothing else.
func strike(dir string, released []manifest.Held) error {
	all, err := readJournal(dir)
	if err != nil {
		return err
	}
	left := without(all, released)
	if len(left) == 0 {
		return removeJournal(dir)
	}
	return writeJournal(dir, left)
}

func writeJournal(dir string, lasting []manifest.Held) error {
	data, err := json.Marshal(lasting)
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, journalName), append(data, '\n'), 0o600)
}

func readJournal(dir string) (lasting []manifest.Held, err error) {
	data, err := os.ReadFile(filepath.Join(dir, journalName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return lasting, json.Unmarshal(data, &lasting)
}

func removeJournal(dir string) error { return removed(filepath.Join(dir, journalName)) }

// removed bears that there is no such file.
func removed(file string) error { return cleanup.IgnoreAbsent(os.Remove(file)) }
