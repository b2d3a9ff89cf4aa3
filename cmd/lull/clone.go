package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/containerd/containerd/v2/pkg/identifiers"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/clone"
)

type cloneOptions struct {
	order     clone.Order
	ttl       time.Duration
	onClone   string // file with statements; -: standard input
	env       bool   // answer as variables of a shell
	passwords bool   // in URLs
	publish   publishAt

	pool       string // that they are made for
	taken      bool   // out of it, at once
	checkpoint string // id that the image must have; empty: any
}

func cloneCommand(a *app) *cobra.Command {
	var o cloneOptions
	cmd := &cobra.Command{
		Use:   "clone CHECKPOINT NAME…",
		Short: "Start copies of a checkpointed database, each on its own",
		Long: "Start copies of a checkpointed database, all at once. The original may be running. Each has its own files, laid over\n" +
			"the checkpoint's captures, which are never written; and its own network, with an address that this host can reach\n" +
			"and no way out. Either all of them are there in the end, verified, or none.",
		Example: "  lull clone shop:seeded test1 test2 test3\n" +
			"  eval \"$(lull clone --env shop:seeded test1)\" && psql \"$TEST1_URL\"\n" +
			"  lull clone --publish 0.0.0.0:5433 shop:seeded demo\n" +
			"  lull reset test1        # back to the checkpoint, at the same address\n" +
			"  lull clone rm test1 test2 test3",
		Args:              usage(cobra.MinimumNArgs(2)),
		ValidArgsFunction: completes(a.checkpointNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(args[1:]); err != nil {
				return usageError(cmd, err)
			}
			var err error
			if o.order.OnClone, err = a.statements(o.onClone); err != nil {
				return usageError(cmd, err)
			}
			done, err := a.clone(cmd.Context(), args[0], args[1:], o)
			if err != nil {
				return err
			}
			return a.answerClones(done, o)
		},
	}
	o.orderFlags(cmd)
	o.lifeFlags(cmd)
	o.answerFlags(cmd)
	cmd.AddCommand(cloneListCommand(a), cloneRemoveCommand(a), cloneWatchCommand(a), clonePublishCommand(a))
	return cmd
}

func (o *cloneOptions) orderFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.order.Outbound, "outbound", false, "let the clones open connections to the outside")
	f.BoolVar(&o.order.Isolate, "isolate", false, "of a database with replicas, an archive or an upstream: keep the clones apart from them")
	f.StringVar(&o.onClone, "on-clone", "", "FILE with statements to run in each clone before clients enter; - is standard input")
}

func (o *cloneOptions) lifeFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.DurationVar(&o.ttl, "ttl", 0, "remove the clones after this time, such as 30m")
	f.BoolVar(&o.order.Remove, "rm", false, "remove a clone when its server has ended")
	f.Var(&o.publish, "publish", "[HOST:]PORT of this host that answers for the clone; HOST is 127.0.0.1 by default, PORT 0 any that is free")
}

func (o *cloneOptions) answerFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.env, "env", false, "answer as variables for a shell: NAME_URL, NAME_HOST, NAME_PORT")
	f.BoolVar(&o.passwords, "with-password", false, "put the container's own password into the URLs")
}

func (o *cloneOptions) check(names []string) error {
	for i, name := range names {
		if err := identifiers.Validate(name); err != nil {
			return fmt.Errorf("%q cannot be a container's name: %w", name, err)
		}
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("%s comes twice", name)
		}
	}
	if o.order.Isolate && o.order.Outbound {
		return errors.New("--isolate and --outbound exclude each other")
	}
	if err := o.publish.check(len(names), o.order.Isolate); err != nil {
		return err
	}
	if o.ttl < 0 {
		return errors.New("--ttl: it must last")
	}
	if o.ttl > 0 {
		o.order.Expires = time.Now().Add(o.ttl).UTC()
	}
	return nil
}

// clone starts clones of one checkpoint.
func (a *app) clone(ctx context.Context, ref string, names []string, o cloneOptions) ([]cloned, error) {
	h, err := a.house()
	if err != nil {
		return nil, err
	}
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if err := a.sweepClones(ctx, client, h); err != nil {
		a.warn("clean up after an earlier run: %v", err)
	}
	ctx, release, err := client.WithLease(ctx)
	if err != nil {
		return nil, err
	}
	defer a.releaseLease(ctx, release)
	var all []*cloning
	for _, name := range names {
		all = append(all, newCloning(a, client, h, ref, name, o))
	}
	done, err := startAll(ctx, all)
	if err == nil && o.order.Timed() {
		if problem := a.startWatch(); problem != nil { // the clones are there all the same
			a.warn("%v", problem)
		}
	}
	return done, err
}

// statements reads a file of them: on the command line everybody could read
// a password.
func (a *app) statements(path string) (string, error) {
	const most = 1 << 18
	if path == "" {
		return "", nil
	}
	in := a.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("--on-clone: %w", err)
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && len(data) > most {
		err = fmt.Errorf("more than %d bytes", most)
	}
	if err != nil {
		return "", fmt.Errorf("--on-clone: %w", err)
	}
	return string(data), nil
}

// house is where this host keeps clones.
func (a *app) house() (clone.House, error) {
	cfg, err := a.config()
	if err != nil {
		return clone.House{}, err
	}
	return clone.House{Store: cfg.StoreDir, State: cfg.StateDir, Namespace: a.namespace, Net: cfg.CloneNetwork.Prefix}, nil
}
