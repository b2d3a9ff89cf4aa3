package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/containerd/v2/pkg/identifiers"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/manifest"
)

type restoreOptions struct {
	name     string
	onDrift  string            // empty: the container's own setting
	keepLeft bool              // what a failed restore made; not of Docker's
	volumes  map[string]string // folders on this host, by the container's
	isolate  bool              // see lull/lineage
	replace  bool              // the setting ends what has the name
}

func restoreCommand(a *app) *cobra.Command {
	var o restoreOptions
	var rollback, cold, refuse, remove bool
	cmd := &cobra.Command{
		Use:   "restore IMAGE [NAME]",
		Short: "Make a container again from a checkpoint, verified before it serves",
		Long: "Make a container again from a checkpoint image of lull's, of `ctr containers checkpoint` or of `ctr tasks checkpoint`.\n" +
			"A Docker container that was removed comes back, with its networks, ports and volumes, from CONTAINER:CHECKPOINT that\n" +
			"`lull docker-save` or the plugin kept.\n" +
			"NAME is the original's unless given. The database is closed to clients until it is verified; what it logs goes to a file.",
		Args:              usage(cobra.RangeArgs(1, 2)),
		ValidArgsFunction: completes(a.checkpointNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.name, o.keepLeft = append(args, "")[1], !remove
			var err error
			if o.onDrift, err = chosen(map[string]bool{driftRollback: rollback, driftCold: cold, driftRefuse: refuse}); err != nil {
				return usageError(cmd, err)
			}
			done, err := a.restore(cmd.Context(), args[0], o)
			if err != nil {
				return err
			}
			return answer(a, done, a.printRestored)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&rollback, "rollback", false, "put volumes that were written since back to the checkpoint")
	f.BoolVar(&cold, "cold", false, "if volumes were written since, start the database without its memory")
	f.BoolVar(&refuse, "refuse", false, "if volumes were written since, refuse, whatever the container's label says")
	f.StringToStringVar(&o.volumes, "volume", nil, "CONTAINER_FOLDER=HOST_FOLDER: mount this folder there; one that is not there is made and filled")
	f.BoolVar(&o.isolate, "isolate", false, "if it goes back in time, keep it apart from replicas, archive and everybody else")
	f.BoolVar(&remove, "rm-on-failure", true, "remove what a failed restore made")
	return cmd
}

// chosen is the one that is set, if any.
func chosen(of map[string]bool) (name string, err error) {
	for word, set := range of {
		switch {
		case set && name != "":
			return "", errors.New("say one of --rollback, --cold and --refuse")
		case set:
			name = word
		}
	}
	return name, nil
}

func (a *app) restore(ctx context.Context, ref string, o restoreOptions) (restored, error) {
	if o.name != "" {
		if err := identifiers.Validate(o.name); err != nil {
			return restored{}, fail(exitUsage, "give another NAME", "%q cannot be a container's name: %w", o.name, err)
		}
	}
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return restored{}, err
	}
	defer client.Close()
	c, checkpoint, ok, err := a.meansDocker(ctx, client, ref)
	if err != nil {
		return restored{}, err
	}
	if ok {
		return a.restoreDocker(ctx, c, checkpoint, o)
	}
	ctx, release, err := client.WithLease(ctx)
	if err != nil {
		return restored{}, err
	}
	defer a.releaseLease(ctx, release)
	return newRestoring(a, client, ref, o).run(ctx)
}

// restored is a restore as the command reports it.
type restored struct {
	Image          string          `json:"image"`
	Namespace      string          `json:"namespace"`
	Container      string          `json:"container"`
	Checkpoint     string          `json:"checkpoint,omitempty"` // id; empty: no database
	Engine         string          `json:"engine,omitempty"`
	Verified       bool            `json:"verified"`
	VerifiedMillis float64         `json:"verified_ms,omitempty"` // from this command's beginning
	RunningMillis  float64         `json:"running_ms"`
	Pid            int             `json:"pid"`
	Checked        []string        `json:"checked,omitempty"`
	Log            string          `json:"log"` // file that takes the container's output
	Steps          []manifest.Step `json:"steps"`
	Inner          []manifest.Step `json:"shim_steps,omitempty"`
	Warnings       []string        `json:"warnings,omitempty"`
}

func (a *app) printRestored(r restored) {
	s := section{title: r.Container}
	s.add("from", "%s", strings.TrimSuffix(fmt.Sprintf("%s, checkpoint %s", r.Image, r.Checkpoint), ", checkpoint "))
	if r.Verified {
		s.add("verified", "%s after %s", r.Engine, millisText(r.VerifiedMillis))
	} else {
		s.add("verified", "not: it is no database, it runs after %s", millisText(r.RunningMillis))
	}
	s.add("checked", "%s", strings.Join(r.Checked, "\n"))
	s.add("warnings", "%s", strings.Join(r.Warnings, "\n"))
	s.add("log", "%s", r.Log)
	printSections(a.out, a.colour(), []section{s, stepsSection("Steps", r.Steps), stepsSection("Steps in the shim", r.Inner)})
}
