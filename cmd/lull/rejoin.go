package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/isolate"
)

// rejoined is a container whose isolation was ended.
type rejoined struct {
	Namespace  string `json:"namespace"`
	ID         string `json:"id"`
	Checkpoint string `json:"checkpoint"` // that it was restored from
	// Kept is what it wrote into mounts that were stood in for.
	Kept []rejoinedKept `json:"kept,omitempty"`
}

type rejoinedKept struct {
	Mount  string `json:"mount"`  // in the container
	Folder string `json:"folder"` // on this host
}

func rejoinCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "rejoin CONTAINER",
		Short: "End the isolation of a restored container, from its next start on",
		Long: "End the isolation of a container that was restored with --isolate. From its next start on it has its own mounts\n" +
			"and network again: make sure that no replica, no archive and no upstream takes it for what it was.",
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: completes(a.containerNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			done, err := a.rejoin(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return answer(a, done, func(r rejoined) {
				fmt.Fprintf(a.out, "%s is isolated no more, from its next start on\n", r.ID)
				for _, k := range r.Kept {
					fmt.Fprintf(a.out, "what it wrote to %s meanwhile is in %s\n", harmless(k.Mount), harmless(k.Folder))
				}
			})
		},
	}
}

func (a *app) rejoin(ctx context.Context, id string) (rejoined, error) {
	cfg, err := a.config()
	if err != nil {
		return rejoined{}, err
	}
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return rejoined{}, err
	}
	defer client.Close()
	s, err := a.loadSubject(ctx, client, id)
	if err != nil {
		return rejoined{}, err
	}
	if s.alive() {
		return rejoined{}, fail(exitLives, "stop it first", "container %s runs", s.info.ID)
	}
	place := isolate.Place{Store: cfg.StoreDir, Namespace: s.namespace, ID: s.info.ID}
	m, ok, err := place.Read()
	if err != nil {
		return rejoined{}, err
	}
	if !ok {
		return rejoined{}, fail(exitNotFound, "", "container %s is not isolated", s.info.ID)
	}
	if err := m.Walled.Open(); err != nil {
		return rejoined{}, fail(exitHost, "", "open the network namespace %s: %w", m.Walled.Path, err)
	}
	done := rejoined{Namespace: s.namespace, ID: s.info.ID, Checkpoint: m.Checkpoint}
	kept, err := place.Release(m, time.Now())
	for _, k := range kept {
		done.Kept = append(done.Kept, rejoinedKept{k.Destination, k.Source})
	}
	return done, err
}
