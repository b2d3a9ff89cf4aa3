package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/lull-containers/lull/lab"
)

// mainDaemon is what up, env and shell work with when no name is given. Its
// namespace is lull-lab.
const mainDaemon = "lab"

func upCommand() *cobra.Command {
	var lull string
	cmd := &cobra.Command{
		Use:   "up [DAEMON]",
		Short: "Build what is missing, start a private containerd and give it the images",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			begin := time.Now()
			d, started, err := up(cmd.Context(), daemonName(args), lull)
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
	lullFlag(cmd, &lull)
	return cmd
}

func lullFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "lull", "", "folder with lull and its shims, to be used in the stock shim's place")
}

func daemonName(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return mainDaemon
}

// up finds the daemon or starts it, with lull's programs from a folder unless
// that is "".
func up(ctx context.Context, name, lull string) (d *lab.Daemon, started bool, err error) {
	if _, err := build(ctx); err != nil {
		return nil, false, err
	}
	l, err := lab.Open()
	if err != nil {
		return nil, false, err
	}
	if d, err := l.Daemon(name); err == nil && d.Alive() {
		return d, false, nil
	}
	c := lab.DaemonConfig{Name: name}
	if lull != "" {
		if c.BinDirs, err = withLull(l, name, lull); err != nil {
			return nil, false, err
		}
	}
	d, err = l.StartDaemon(ctx, c)
	if err != nil {
		return nil, false, err
	}
	if err := importAll(ctx, d); err != nil {
		stop := context.WithoutCancel(ctx)
		return nil, false, errors.Join(err, d.Stop(stop))
	}
	return d, true, nil
}

// withLull configures lull for a daemon and gives the folders for its PATH.
func withLull(l *lab.Lab, name, dir string) ([]string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return []string{dir}, l.WriteLullConfig(name, dir, "")
}

func importAll(ctx context.Context, d *lab.Daemon) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, ref := range lab.Images() {
		g.Go(func() error { return d.Import(ctx, ref) })
	}
	return g.Wait()
}
