package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/clone"
	"github.com/lull-containers/lull/internal/cleanup"
)

func cloneListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "ls",
		Short: "List clones",
		Args:  usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			h, err := a.house()
			if err != nil {
				return err
			}
			records, err := h.List()
			if err != nil {
				return err
			}
			return answer(a, listed(records), a.printCloneList)
		},
	}
}

func listed(records []clone.Record) []cloned {
	all := []cloned{} // JSON: an empty list, not null
	for _, r := range records {
		c := clonedOf(r, nil, cloneOptions{})
		c.Phase = string(r.Phase)
		if r.InStock() {
			c.Phase = "in stock"
		}
		if !r.Address.IsValid() { // not yet
			c.Host, c.URL = "", ""
		}
		all = append(all, c)
	}
	return all
}

func (a *app) printCloneList(all []cloned) {
	table := [][]string{{"CLONE", "OF", "ENGINE", "PHASE", "ENDS IN", "PUBLISHED", "URL"}}
	for _, c := range all {
		ends := ""
		if c.Expires != nil {
			ends = ageText(time.Until(*c.Expires))
		}
		table = append(table, []string{c.Name, orDash(c.Image), orDash(c.Engine), c.Phase, orDash(ends), orDash(c.Published), orDash(c.URL)})
	}
	a.table(table)
}

func (a *app) cloneNames(context.Context) ([]string, error) {
	h, err := a.house()
	if err != nil {
		return nil, err
	}
	records, err := h.List()
	var names []string
	for _, r := range records {
		names = append(names, r.ID)
	}
	return names, err
}

// logOf is where a restored container's output goes.
func (a *app) logOf(id string) (string, error) {
	cfg, err := a.config()
	return filepath.Join(cfg.StoreDir, "logs", a.namespace, id+".log"), err
}

func (a *app) removeLog(id string) error {
	path, err := a.logOf(id)
	if err != nil {
		return err
	}
	return cleanup.IgnoreAbsent(os.Remove(path))
}
