package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/store"
)

func rmCommand(a *app) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "rm IMAGE…",
		Short: "Remove checkpoints: the image, and what it captured once no other image names it",
		Long: "Remove checkpoint images, and saved checkpoints of Docker's (CONTAINER:CHECKPOINT). What a checkpoint captured goes with the last image that names it, in whatever\n" +
			"namespace. One that clones or a pool stand on is refused. When in doubt captures stay, and the answer says why.",
		Example:           "  lull rm pg:monday pg:tuesday",
		Args:              usage(cobra.MinimumNArgs(1)),
		ValidArgsFunction: completesEach(a.checkpointNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			done, problem := a.remove(cmd.Context(), args, force)
			return errors.Join(answer(a, done, a.printRemoved), problem)
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "also one that clones stand on; they live on, its captures go with the last of them")
	return cmd
}

// remove removes one after the other and goes on behind one that fails.
func (a *app) remove(ctx context.Context, refs []string, force bool) ([]store.Removed, error) {
	done := []store.Removed{}
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return done, err
	}
	defer client.Close()
	c, err := a.captures()
	if err != nil {
		return done, err
	}
	saved, refs, err := a.removeSaved(ctx, client, refs)
	done = append(done, saved...)
	if err != nil {
		return done, err
	}
	all, err := a.kept(ctx, client, refs)
	if err != nil {
		return done, err
	}
	var problems []error
	for _, k := range all {
		r, err := store.Remove(ctx, client, c, k, force)
		if err == nil {
			done = append(done, r)
		}
		problems = append(problems, heldFailure(err))
	}
	return done, errors.Join(problems...)
}

func heldFailure(err error) error {
	if !errors.Is(err, store.ErrHeld) {
		return err
	}
	return &failure{code: exitLives, err: err, remedy: "remove them first (`lull clone rm`, `lull pool rm`), or say --force: they cannot be reset or refilled then"}
}

func (a *app) printRemoved(all []store.Removed) {
	for _, r := range all {
		switch {
		case r.Captures:
			fmt.Fprintf(a.out, "%s removed, %s of captures freed\n", r.Ref, sizeText(r.Bytes))
		case r.Why != "":
			fmt.Fprintf(a.out, "%s removed; its captures stay: %s\n", r.Ref, harmless(r.Why))
		default:
			fmt.Fprintf(a.out, "%s removed\n", r.Ref)
		}
	}
}
