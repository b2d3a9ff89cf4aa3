package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/containerd/containerd/api/types/task"
	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/errdefs"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/manifest"
)

// modes are what --mode takes.
var modes = []string{"flush", "fence", "none"}

type checkpointOptions struct {
	exit      bool
	mode      string
	noPrecopy bool
}

func checkpointCommand(a *app) *cobra.Command {
	var o checkpointOptions
	cmd := &cobra.Command{
		Use:   "checkpoint CONTAINER [REF]",
		Short: "Checkpoint a container into an image",
		Long: "Checkpoint a container, its memory, rw layer and database files, into an image that `lull restore` and\n" +
			"`ctr containers restore` take. Files that have to be copied are copied while the database runs, and only what\n" +
			"changed since once more while it stands still. REF is CONTAINER-YYYYMMDD-HHMMSS unless given. The container is never left paused.",
		Args:              usage(cobra.RangeArgs(1, 2)),
		ValidArgsFunction: completes(a.containerNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.mode != "" && !slices.Contains(modes, o.mode) {
				return usageError(cmd, fmt.Errorf("--mode=%s: use one of %s", o.mode, strings.Join(modes, ", ")))
			}
			done, err := a.checkpoint(cmd.Context(), args[0], cmp.Or(append(args, "")[1], ""), o)
			if err != nil {
				return err
			}
			return answer(a, done, a.printTaken)
		},
	}
	cmd.Flags().BoolVar(&o.exit, "exit", false, "stop the container with the checkpoint")
	cmd.Flags().StringVar(&o.mode, "mode", "", "flush, fence or none, for this checkpoint only")
	cmd.Flags().BoolVar(&o.noPrecopy, "no-precopy", false, "copy volumes only while the database stands still")
	must(cmd.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions(modes, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func (a *app) checkpoint(ctx context.Context, id, ref string, o checkpointOptions) (taken, error) {
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return taken{}, err
	}
	defer client.Close()
	s, err := a.loadSubject(ctx, client, id)
	if err != nil {
		return taken{}, err
	}
	ref = cmp.Or(ref, s.info.ID+time.Now().Format("-20060102-150405"))
	if err := mayCheckpoint(ctx, client, s, ref); err != nil {
		return taken{}, err
	}
	ctx, release, err := client.WithLease(ctx)
	if err != nil {
		return taken{}, err
	}
	defer a.releaseLease(ctx, release)
	return newTaking(a, client, s, ref, o).run(ctx)
}

// leaseTime bounds giving a lease back; one that stays is void after a day.
const leaseTime = 10 * time.Second

func (a *app) releaseLease(ctx context.Context, release func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTime)
	defer cancel()
	if err := release(ctx); err != nil {
		a.warn("lease: %v", err)
	}
}

// mayCheckpoint refuses before anything is touched.
func mayCheckpoint(ctx context.Context, client *containerd.Client, s *subject, ref string) error {
	switch {
	case s.wrong != nil:
		return fail(exitUsage, "", "%w", s.wrong)
	case s.status != task.Status_RUNNING && s.status != task.Status_PAUSED:
		return fail(exitOther, "start it", "container %s has no running task", s.info.ID)
	case s.database() && s.record == nil:
		return fail(exitHost, fmt.Sprintf("see `lull doctor %s`, and start it again with lull's shim", s.info.ID),
			"%s runs %s without lull: a checkpoint would promise nothing", s.info.ID, s.found.Engine)
	}
	_, err := client.ImageService().Get(ctx, ref)
	if err == nil {
		return fail(exitExists, "give another REF, or remove it with `ctr images rm`", "image %s exists", ref)
	}
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// taken is a checkpoint as the command reports it.
type taken struct {
	Ref         string          `json:"ref"`
	Namespace   string          `json:"namespace"`
	Container   string          `json:"container"`
	ID          string          `json:"id,omitempty"` // of the checkpoint; empty: no database
	Level       string          `json:"level,omitempty"`
	Required    string          `json:"required,omitempty"`
	Exit        bool            `json:"exit"`
	StallMillis float64         `json:"stall_ms"`            // from pause, or its end after a pre-copy, to resume, as seen from here
	Frozen      float64         `json:"frozen_ms,omitempty"` // as the manifest has it
	Bytes       int64           `json:"bytes"`
	Steps       []manifest.Step `json:"steps"` // of this command
	Inner       []manifest.Step `json:"shim_steps,omitempty"`
	Warnings    []string        `json:"warnings,omitempty"`
}

func (a *app) printTaken(t taken) {
	s := section{title: t.Ref}
	if t.ID == "" {
		s.add("level", "none: %s is no database, its memory and files were saved as they were", t.Container)
	} else {
		s.add("level", "%s (required: %s)", t.Level, orDash(t.Required))
	}
	s.add("stall", "%s", t.stallText())
	s.add("size", "%s", sizeText(t.Bytes))
	s.add("checkpoint", "%s", t.ID)
	s.add("warnings", "%s", strings.Join(t.Warnings, "\n"))
	printSections(a.out, a.colour(), []section{s, stepsSection("Steps", t.Steps), stepsSection("Steps in the shim", t.Inner)})
}

func (t taken) stallText() string {
	if t.Exit {
		return "none to speak of: " + t.Container + " was stopped"
	}
	text := millisText(t.StallMillis)
	if t.StallMillis == 0 {
		text = "none of lull's: " + t.Container + " was paused before, and stays so"
	}
	if t.Frozen > 0 {
		text += ", frozen for the dump " + millisText(t.Frozen)
	}
	return text
}
