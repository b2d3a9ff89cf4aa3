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

	"github.com/lull-containers/lull/internal/durable"
	"github.com/lull-containers/lull/manifest"
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

// release undoes what outlives the session, on a context of its own: through
// the session while it stands, else through another. What could not be
// released stays in the journal.
func (k *Cut) release(ctx context.Context) error {
	if len(k.lasting) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime+k.c.Settings.ExecTimeout)
	defer cancel()
	err := k.releaseBy(ctx, k.session)
	if err != nil {
		err = k.releaseAnew(ctx)
	}
	if err != nil {
		return fmt.Errorf("release what the checkpoint changed in the database: %w", err)
	}
	released := k.lasting
	k.lasting = nil
	return strike(k.c.Paths.State, released)
}

func (k *Cut) releaseBy(ctx context.Context, s Session) error {
	if s == nil {
		return errors.New("no session")
	}
	return s.Release(ctx, k.lasting)
}

func (k *Cut) releaseAnew(ctx context.Context) error {
	target, err := k.target(nil)
	if err != nil {
		return err
	}
	s, err := k.sessions.Open(ctx, target)
	if err != nil {
		return err
	}
	return errors.Join(k.releaseBy(ctx, s), s.Kill())
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
	left := slices.DeleteFunc(all, func(h manifest.Held) bool { return slices.Contains(released, h) })
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
func removed(file string) error {
	err := os.Remove(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
