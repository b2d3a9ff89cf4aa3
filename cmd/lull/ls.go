package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/store"
)

// lsRow is one checkpoint of `lull ls`.
type lsRow struct {
	Ref       string    `json:"ref"`
	Namespace string    `json:"namespace"`
	ID        string    `json:"id,omitempty"` // empty: no database, or unreadable
	Container string    `json:"container,omitempty"`
	Engine    string    `json:"engine,omitempty"`
	Version   string    `json:"version,omitempty"`
	Level     string    `json:"level,omitempty"`
	Image     int64     `json:"image_bytes"`   // the base image apart
	Captures  int64     `json:"capture_bytes"` // on this host's disk
	Created   time.Time `json:"created,omitzero"`
	Host      string    `json:"host,omitempty"`
	Refs      int       `json:"refs"` // images that name this checkpoint
	Problem   string    `json:"problem,omitempty"`
}

func lsCommand(a *app) *cobra.Command {
	var asides bool
	cmd := &cobra.Command{
		Use:     "ls",
		Aliases: []string{"list"},
		Short:   "List the checkpoints, in every namespace unless -n names one",
		Example: "  lull ls\n  lull ls --json | jq -r '.[] | select(.level == \"clean\") | .ref'",
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asides {
				rows, err := a.asides(cmd.Context())
				if err != nil {
					return err
				}
				return answer(a, rows, a.printAsides)
			}
			only := ""
			if cmd.Flags().Changed("namespace") {
				only = a.namespace
			}
			rows, err := a.ls(cmd.Context(), only)
			if err != nil {
				return err
			}
			a.tellAsides(cmd.Context())
			return answer(a, rows, a.printLs)
		},
	}
	cmd.Flags().BoolVar(&asides, "asides", false, "list what rollbacks keep of the volumes that they replaced, instead")
	return cmd
}

func (a *app) ls(ctx context.Context, only string) ([]lsRow, error) {
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	c, err := a.captures()
	if err != nil {
		return nil, err
	}
	all, err := store.Catalogue(ctx, client) // references count wherever they are
	if err != nil {
		return nil, err
	}
	refs := map[string]int{}
	for _, k := range all {
		refs[k.ID()]++
	}
	rows := []lsRow{} // JSON: an empty list, not null
	for _, k := range all {
		if only != "" && k.Namespace != only {
			continue
		}
		row, err := lsRowOf(ctx, c, k, refs[k.ID()])
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	if only == "" || only == dockerNamespace {
		saved, err := a.lsSaved(ctx, c)
		if err != nil {
			return nil, err
		}
		rows = append(rows, saved...)
	}
	slices.SortStableFunc(rows, func(x, y lsRow) int {
		return cmp.Or(cmp.Compare(x.Namespace, y.Namespace), y.Created.Compare(x.Created), cmp.Compare(x.Ref, y.Ref))
	})
	return rows, nil
}

func lsRowOf(ctx context.Context, c store.Captures, k store.Kept, refs int) (lsRow, error) {
	row := lsRow{Ref: k.Image.Name, Namespace: k.Namespace, ID: k.ID(), Created: k.Image.CreatedAt, Refs: 1}
	if k.Checkpoint != nil {
		row.Image = k.Checkpoint.Size()
	}
	if k.Problem != nil {
		row.Problem = explain(ctx, k.Problem)
	}
	m := k.Manifest
	if m == nil {
		return row, nil
	}
	row.Container, row.Engine, row.Version = m.Container.ID, m.Database.Engine, m.Database.Version
	row.Level, row.Created, row.Host, row.Refs = string(m.Reached.Level), m.Created, m.Host.Name, refs
	var err error
	row.Captures, err = c.Bytes(ctx, m.ID)
	return row, err
}

func (a *app) printLs(rows []lsRow) {
	table := [][]string{{"CHECKPOINT", "DATABASE", "CONTAINER", "LEVEL", "SIZE", "TAKEN", "HOST", "REFS"}}
	now := time.Now()
	for _, r := range rows {
		table = append(table, []string{
			harmless(r.Ref), harmless(orDash(strings.TrimSpace(r.Engine + " " + r.Version))), harmless(orDash(shortID(r.Container))),
			harmless(r.levelText()), sizeText(r.Image + r.Captures), ageText(now.Sub(r.Created)) + " ago", harmless(orDash(r.Host)), strconv.Itoa(r.Refs),
		})
	}
	a.table(table)
}

func (r lsRow) levelText() string {
	switch {
	case r.Problem != "":
		return "unusable: " + r.Problem
	case r.ID == "":
		return "none: no database"
	}
	return r.Level
}
