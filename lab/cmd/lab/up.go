package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/lull-containers/lull/lab"
)

// mainDaemon is what up, env and shell work with when no name is given. Its
// namespace is lull-lab.
const mainDaemon = "lab"

func upCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "up [DAEMON]",
		Short: "Build what is missing, start a private containerd and give it the images",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			begin := time.Now()
			d, started, err := up(cmd.Context(), daemonName(args))
			if err != nil {
				return err
			}
			if !started {
				fmt.Fprintf(os.Stderr, "daemon %s runs already (pid %d)\n", d.Name, d.Process.PID)
			} else {
				fmt.Fprintf(os.Stderr, "daemon %s is up with %d images (%.1f s); `lab down` ends it\n", d.Name, len(lab.Images()), time.Since(begin).Seconds())
			}
			printEnv(cmd.OutOrStdout(), d)
			return nil
		},
	}
}

func daemonName(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return mainDaemon
}

// up finds the daemon or starts it.
func up(ctx context.Context, name string) (d *lab.Daemon, started bool, err error) {
	if _, err := build(ctx); err != nil {
		return nil, false, err
	}
	l, err := lab.Open()
	if err != nil {
		return nil, false, err
	}
	d, err = l.StartDaemon(ctx, lab.DaemonConfig{Name: name})
	if errors.Is(err, lab.ErrRunning) {
		d, err = l.Daemon(name)
		return d, false, err
	}
	if err != nil {
		return nil, false, err
	}
	if err := importAll(ctx, d); err != nil {
		stop := context.WithoutCancel(ctx)
		return nil, false, errors.Join(err, d.Stop(stop))
	}
	return d, true, nil
}

func importAll(ctx context.Context, d *lab.Daemon) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, ref := range lab.Images() {
		g.Go(func() error { return d.Import(ctx, ref) })
	}
	return g.Wait()
}
