package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/clone"
)

// poolRow is a pool as commands report it.
type poolRow struct {
	Name       string    `json:"name"`
	Namespace  string    `json:"namespace"`
	Image      string    `json:"image"`
	Checkpoint string    `json:"checkpoint"`
	Size       int       `json:"size"`
	Stock      []string  `json:"stock"` // clones that wait to be taken
	Taken      []string  `json:"taken"` // and those that somebody has
	Created    time.Time `json:"created"`
	Trouble    string    `json:"trouble,omitempty"` // why it could not be filled
}

func poolListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "ls",
		Short: "List pools",
		Args:  usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			h, err := a.house()
			if err != nil {
				return err
			}
			pools, err := h.Pools()
			if err != nil {
				return err
			}
			rows, err := poolRows(h, pools)
			if err != nil {
				return err
			}
			return answer(a, rows, a.printPools)
		},
	}
}

func poolRows(h clone.House, pools []clone.Pool) ([]poolRow, error) {
	rows := []poolRow{} // JSON: an empty list, not null
	clones, err := h.List()
	if err != nil {
		return nil, err
	}
	for _, p := range pools {
		row := poolRow{Name: p.Name, Namespace: p.Namespace, Image: p.Ref, Checkpoint: p.Checkpoint, Size: p.Size,
			Stock: []string{}, Taken: []string{}, Created: p.Created}
		row.count(clones)
		trouble, err := h.Trouble(p.Name)
		if err != nil {
			return nil, err
		}
		row.Trouble = strings.TrimSpace(trouble)
		rows = append(rows, row)
	}
	return rows, nil
}

func (r *poolRow) count(clones []clone.Record) {
	for _, c := range clones {
		switch {
		case c.Pool != r.Name:
		case c.InStock():
			r.Stock = append(r.Stock, c.ID)
		case c.Taken:
			r.Taken = append(r.Taken, c.ID)
		}
	}
}

func (a *app) printPools(rows []poolRow) {
	table := [][]string{{"POOL", "OF", "IN STOCK", "TAKEN", "AGE"}}
	for _, r := range rows {
		table = append(table, []string{r.Name, r.Image, fmt.Sprintf("%d of %d", len(r.Stock), r.Size),
			fmt.Sprint(len(r.Taken)), ageText(time.Since(r.Created))})
	}
	a.table(table)
	for _, r := range rows {
		if r.Trouble != "" {
			a.warn("pool %s could not be filled: %s", r.Name, r.Trouble)
		}
	}
}

func (a *app) poolNames(context.Context) ([]string, error) {
	h, err := a.house()
	if err != nil {
		return nil, err
	}
	pools, err := h.Pools()
	var names []string
	for _, p := range pools {
		names = append(names, p.Name)
	}
	return names, err
}
