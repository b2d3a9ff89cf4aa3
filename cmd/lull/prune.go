package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/store"
	"github.com/lull-containers/lull/store/transfer"
)

// pushKept is how long an interrupted push may be gone on with.
const pushKept = 7 * 24 * time.Hour

type pruneFlags struct {
	policy    store.Policy
	orphans   bool
	olderThan time.Duration
	dryRun    bool
	namespace string // empty: all
}

// pruned is what `lull prune` has removed, or would.
type pruned struct {
	DryRun  bool            `json:"dry_run"`
	Images  []store.Removed `json:"images"`
	Held    []store.Removed `json:"held"` // would go, but clones stand on them
	Orphans []store.Orphan  `json:"orphans"`
	Asides  []asideRow      `json:"asides"`  // what decided rollbacks kept
	Partial []string        `json:"partial"` // what crashes left half done
}

func pruneCommand(a *app) *cobra.Command {
	var o pruneFlags
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove old checkpoints by a rule, and what crashes have left",
		Long: "Remove checkpoints that a rule does not keep, each container judged for itself, and what crashes have left half\n" +
			"done. Without --keep-last and --keep-daily no checkpoint is removed; one that cannot be used is never.",
		Example: "  lull prune --keep-last 3 --keep-daily 7 --dry-run\n  lull prune --orphans --older-than 168h",
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.policy.Last < 0 || o.policy.Daily < 0 || o.olderThan < 0 {
				return usageError(cmd, errors.New("numbers and times cannot be below zero"))
			}
			if cmd.Flags().Changed("namespace") {
				o.namespace = a.namespace
			}
			for _, name := range []string{"keep-last", "keep-daily"} {
				if cmd.Flags().Changed(name) && o.policy == (store.Policy{}) {
					return usageError(cmd, errors.New("this would keep nothing: remove checkpoints with lull rm"))
				}
			}
			done, err := a.prune(cmd.Context(), o)
			return errors.Join(answer(a, done, a.printPruned), err)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.policy.Last, "keep-last", 0, "keep so many of the newest of each container")
	f.IntVar(&o.policy.Daily, "keep-daily", 0, "keep the newest of each day, for so many days that have one")
	f.BoolVar(&o.orphans, "orphans", false, "captures that neither an image of containerd's nor a checkpoint of Docker's names, too")
	f.DurationVar(&o.olderThan, "older-than", 24*time.Hour, "of orphans, those that have not changed for so long")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what would be removed, and remove nothing")
	return cmd
}

func (a *app) prune(ctx context.Context, o pruneFlags) (pruned, error) {
	done := pruned{DryRun: o.dryRun, Images: []store.Removed{}, Held: []store.Removed{}, Orphans: []store.Orphan{}, Asides: []asideRow{}, Partial: []string{}}
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return done, err
	}
	defer client.Close()
	c, err := a.captures()
	if err != nil {
		return done, err
	}
	err = a.pruneImages(ctx, client, c, o, &done)
	if o.orphans {
		err = errors.Join(err, a.pruneOrphans(ctx, client, c, o, &done))
	}
	gone, problem := pruneAsides(ctx, c, o.dryRun)
	done.Asides = append(done.Asides, gone...)
	err = errors.Join(err, problem)
	if !o.dryRun {
		swept, problem := c.Sweep(ctx)
		journals, failed := transfer.SweepJournals(pushJournals(c), time.Now().Add(-pushKept))
		done.Partial = append(append(done.Partial, swept...), journals...)
		err = errors.Join(err, problem, failed)
	}
	return done, err
}

func (a *app) pruneImages(ctx context.Context, client *containerd.Client, c store.Captures, o pruneFlags, done *pruned) error {
	if o.policy == (store.Policy{}) {
		return nil
	}
	var among []string
	if o.namespace != "" {
		among = []string{o.namespace}
	}
	all, err := store.Catalogue(ctx, client, among...)
	if err != nil {
		return err
	}
	var problems []error
	for _, k := range o.policy.Surplus(all) {
		problems = append(problems, pruneImage(ctx, client, c, k, o.dryRun, done))
	}
	return errors.Join(problems...)
}

// pruneImage leaves one that clones stand on.
func pruneImage(ctx context.Context, client *containerd.Client, c store.Captures, k store.Kept, dryRun bool, done *pruned) error {
	r := store.Removed{Namespace: k.Namespace, Ref: k.Image.Name, ID: k.ID()}
	by, err := c.HeldBy(r.ID)
	if err != nil {
		return err
	}
	if by != "" {
		r.Why = by
		done.Held = append(done.Held, r)
		return nil
	}
	if !dryRun {
		r, err = store.Remove(ctx, client, c, k, false)
	}
	if err == nil {
		done.Images = append(done.Images, r)
	}
	return heldFailure(err)
}

func (a *app) pruneOrphans(ctx context.Context, client *containerd.Client, c store.Captures, o pruneFlags, done *pruned) (err error) {
	find := c.RemoveOrphans
	if o.dryRun {
		find = c.Orphans
	}
	cfg, err := a.config()
	if err != nil {
		return err
	}
	found, err := find(ctx, client, func() (map[string]bool, error) { return ofDocker(cfg) }, time.Now().Add(-o.olderThan))
	done.Orphans = append(done.Orphans, found...)
	return err
}

func (a *app) printPruned(p pruned) {
	if p.DryRun {
		for _, r := range p.Images {
			fmt.Fprintf(a.out, "%s would be removed\n", harmless(r.Ref))
		}
	} else {
		a.printRemoved(p.Images)
	}
	for _, r := range p.Held {
		fmt.Fprintf(a.out, "%s stays: %s stand on it\n", harmless(r.Ref), harmless(r.Why))
	}
	word := map[bool]string{true: "would be removed", false: "removed"}[p.DryRun]
	for _, o := range p.Orphans {
		fmt.Fprintf(a.out, "captures of %s, which no checkpoint names, %s: %s\n", idOr(o.ID, o.ID), word, sizeText(o.Bytes))
	}
	for _, r := range p.Asides {
		fmt.Fprintf(a.out, "what %s had before a rollback that stands, %s\n", harmless(strings.Join(r.Volumes, ", ")), word)
	}
	for _, name := range p.Partial {
		fmt.Fprintf(a.out, "%s, left half done, removed\n", harmless(name))
	}
	if len(p.Images)+len(p.Held)+len(p.Orphans)+len(p.Asides)+len(p.Partial) == 0 {
		fmt.Fprintln(a.out, "nothing to remove")
	}
}
