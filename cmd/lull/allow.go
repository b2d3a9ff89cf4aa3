package main

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/containerd/v2/pkg/identifiers"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/internal/state"
)

// The answers to drift.
const (
	driftRefuse   = "refuse"
	driftRollback = "rollback"
	driftCold     = "cold"
)

// allowed is a permit that was left.
type allowed struct {
	Namespace string    `json:"namespace"`
	ID        string    `json:"id"`
	OnDrift   string    `json:"on_drift"`
	Expires   time.Time `json:"expires"`
}

func allowCommand(a *app) *cobra.Command {
	var cold bool
	var lasts time.Duration
	cmd := &cobra.Command{
		Use:   "allow-rollback CONTAINER",
		Short: "Let the next restore into a container put its volumes back, once",
		Long: "Let the next restore into a container put its volumes back to the checkpoint when they were written since,\n" +
			"once. It is for restores that have no option for it, such as `docker start --checkpoint`.",
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: completes(a.containerNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			p := state.Permit{OnDrift: driftRollback, Created: time.Now(), Expires: time.Now().Add(lasts)}
			if cold {
				p.OnDrift = driftCold
			}
			if lasts <= 0 {
				return usageError(cmd, fmt.Errorf("--for %s: it must last", lasts))
			}
			done, err := a.allow(cmd.Context(), args[0], cmd.Flags().Changed("namespace"), p)
			if err != nil {
				return err
			}
			return answer(a, done, a.printAllowed)
		},
	}
	cmd.Flags().DurationVar(&lasts, "for", 10*time.Minute, "how long the permit lasts")
	cmd.Flags().BoolVar(&cold, "cold", false, "start the database without its memory instead, on the volumes as they are")
	return cmd
}

// allow leaves a permit; the container need not be there yet. Named is whether the
// user has named the namespace.
func (a *app) allow(ctx context.Context, id string, named bool, p state.Permit) (allowed, error) {
	if err := identifiers.Validate(id); err != nil {
		return allowed{}, fail(exitUsage, "give a container's id", "%q is no container: %w", id, err)
	}
	cfg, err := a.config()
	if err != nil {
		return allowed{}, err
	}
	id, known := a.fullID(ctx, id)
	if a.namespace == defaultNamespace && !named || a.namespace != defaultNamespace && !known {
		if id, known, err = a.orDockers(id, known); err != nil {
			return allowed{}, err
		}
	}
	if !known {
		a.warn("there is no container %s in namespace %s yet", id, a.namespace)
	}
	if err := state.Allow(cfg.StateDir, a.namespace, id, p); err != nil {
		return allowed{}, fmt.Errorf("leave the permit: %w", err)
	}
	return allowed{a.namespace, id, p.OnDrift, p.Expires}, nil
}

// orDockers is the container of Docker's that ref means, where there is one. One in
// containerd with the same name is nothing to guess about.
func (a *app) orDockers(ref string, known bool) (id string, found bool, err error) {
	c, ok := a.inDockerRoot(ref)
	switch {
	case !ok:
		return ref, known, nil
	case known && c.ID != ref:
		return "", false, fail(exitUsage, fmt.Sprintf("say which: -n %s, or Docker's full id with -n %s", defaultNamespace, dockerNamespace),
			"%s is a container in namespace %s and Docker's %s", ref, a.namespace, c.Name)
	}
	a.inDocker()
	return c.ID, true, nil
}

// fullID completes a short id; false when containerd does not know the container.
func (a *app) fullID(ctx context.Context, id string) (string, bool) {
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return id, false
	}
	defer client.Close()
	info, err := a.find(ctx, client, id)
	if err != nil {
		return id, false
	}
	return info.ID, true
}

func (a *app) printAllowed(p allowed) {
	what := "put the volumes back to the checkpoint"
	if p.OnDrift == driftCold {
		what = "start the database without its memory"
	}
	fmt.Fprintf(a.out, "%s: the next restore may %s, until %s\n", p.ID, what, p.Expires.Local().Format(time.TimeOnly))
}
