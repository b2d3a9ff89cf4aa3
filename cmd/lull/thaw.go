package main

import (
	"context"
	"errors"
	"fmt"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/spf13/cobra"
)

func thawCommand(a *app) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "thaw CONTAINER | --all",
		Short: "Let a paused container run again, whatever state its shim is in",
		Long: "Let a paused container run again: through containerd and, if the shim does not answer, by the cgroup's own file.\n" +
			"With --all, every paused database container that lull serves, in every namespace.",
		Args:              usage(cobra.MaximumNArgs(1)),
		ValidArgsFunction: completes(a.containerNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) == 1) {
				return usageError(cmd, errors.New("name a container, or say --all"))
			}
			done, err := a.thaw(cmd.Context(), args)
			if err != nil && len(done) == 0 {
				return err
			}
			return errors.Join(err, answer(a, done, a.printThawed))
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every paused database container that lull serves")
	return cmd
}

func (a *app) thaw(ctx context.Context, ids []string) ([]thawed, error) {
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if len(ids) == 0 {
		return a.thawAll(ctx, client)
	}
	s, err := a.loadQuietly(ctx, client, ids[0])
	if err != nil {
		return nil, err
	}
	if err := s.refresh(ctx, client); err != nil && s.record == nil {
		return nil, err // a shim that does not answer is what this command is for
	}
	t, err := thawOne(ctx, client, s)
	return []thawed{t}, err
}

func (a *app) thawAll(ctx context.Context, client *containerd.Client) ([]thawed, error) {
	names, err := client.NamespaceService().List(ctx)
	if err != nil {
		return nil, err
	}
	done, errs := []thawed{}, []error{}
	for _, ns := range names {
		subjects, err := a.subjects(ctx, client, ns)
		errs = append(errs, err)
		for _, s := range subjects {
			if s.record == nil || !s.paused() {
				continue
			}
			t, err := thawOne(namespaces.WithNamespace(ctx, ns), client, s)
			done, errs = append(done, t), append(errs, err)
		}
	}
	return done, errors.Join(errs...)
}

func (a *app) printThawed(all []thawed) {
	if len(all) == 0 {
		fmt.Fprintln(a.out, "no database container is paused")
	}
	for _, t := range all {
		fmt.Fprintf(a.out, "%s: %s\n", t.ID, t.text())
	}
}

func (t thawed) text() string {
	switch {
	case t.How == byResume:
		return "runs again, resumed through containerd"
	case t.How == byCgroup && t.Error != "":
		return "runs again, thawed by its cgroup because containerd said: " + t.Error
	case t.How == byCgroup:
		return "runs again, thawed by its cgroup: containerd's resume did not do it"
	}
	return "was not paused"
}
