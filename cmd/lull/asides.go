package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/lull-containers/lull/store"
	"github.com/lull-containers/lull/volume"
)

// asideRow is what one rollback keeps of the volumes that it replaced.
type asideRow struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	State   string    `json:"state"`
	Volumes []string  `json:"volumes"`
	Kept    []string  `json:"kept"`             // folders with the contents from before
	Absent  []string  `json:"absent,omitempty"` // of the volumes: not there now
}

// The states of an asideRow.
const (
	asideBusy      = "busy"      // the rollback is under way, or not verified yet
	asideDecided   = "decided"   // the restored contents stand: what is kept may go
	asideUndecided = "undecided" // what is kept comes back when the container is started or restored
)

func asideRowOf(v volume.Aside) asideRow {
	row := asideRow{ID: v.ID, Created: v.Created, State: asideUndecided, Volumes: v.Volumes, Kept: v.Kept, Absent: v.Absent}
	switch {
	case v.Busy:
		row.State = asideBusy
	case v.Decided:
		row.State = asideDecided
	}
	return row
}

func (a *app) asides(ctx context.Context) ([]asideRow, error) {
	c, err := a.captures()
	if err != nil {
		return nil, err
	}
	return asideRows(ctx, c)
}

func asideRows(ctx context.Context, c store.Captures) ([]asideRow, error) {
	all, err := c.Asides(ctx)
	rows := []asideRow{} // JSON: an empty list, not null
	for _, v := range all {
		rows = append(rows, asideRowOf(v))
	}
	return rows, err
}

// pruneAsides lets go of what decided rollbacks keep, where all of it is there.
func pruneAsides(ctx context.Context, c store.Captures, dryRun bool) (gone []asideRow, err error) {
	rows, err := asideRows(ctx, c)
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, r := range rows {
		if r.State != asideDecided || len(r.Absent) > 0 {
			continue
		}
		if !dryRun {
			err := c.DropAside(ctx, r.ID)
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, volume.ErrBusy) {
				continue // somebody else was faster
			}
			if err != nil {
				problems = append(problems, err)
				continue
			}
		}
		gone = append(gone, r)
	}
	return gone, errors.Join(problems...)
}

func (a *app) printAsides(rows []asideRow) {
	table := [][]string{{"ROLLBACK", "STATE", "BEGUN", "VOLUMES", "KEPT IN"}}
	for _, r := range rows {
		volumes := slices.Clone(r.Volumes)
		for i, v := range volumes {
			if slices.Contains(r.Absent, v) {
				volumes[i] += " (not there)"
			}
		}
		table = append(table, []string{harmless(r.ID), r.State, ageText(time.Since(r.Created)) + " ago",
			harmless(strings.Join(volumes, ", ")), harmless(orDash(strings.Join(r.Kept, ", ")))})
	}
	a.table(table)
}

// tellAsides points at what `lull ls` does not list.
func (a *app) tellAsides(ctx context.Context) {
	rows, err := a.asides(ctx)
	switch {
	case err != nil:
		a.warn("what rollbacks keep cannot be told: %v", err)
	case len(rows) > 0 && !a.json:
		fmt.Fprintf(a.errOut, "%d rollbacks keep what volumes had before: lull ls --asides\n", len(rows))
	}
}
