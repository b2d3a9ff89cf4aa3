// Command lab builds and runs the machine that lull is tested on: see package
// lab.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := rootCommand().ExecuteContext(ctx)
	stop()
	if err == nil {
		return
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "lab: interrupted")
		os.Exit(130)
	}
	fmt.Fprintln(os.Stderr, "lab:", err)
	os.Exit(1)
}

func rootCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Real containerd, runc, CRIU and databases on this machine, without an image registry",
		Long: `lab builds containerd, ctr, runc, CRIU and database images once into a cache,
and runs private containerd daemons of them. A containerd, runc or CRIU that
the machine itself runs is never touched, and ` + "`lab down`" + ` leaves nothing behind.

  LULL_LAB_CACHE          built parts (/var/cache/lull-lab)
  LULL_LAB_RUN            sockets and state (/run/lull-lab)
  LULL_LAB_DATA           roots and logs (/var/lib/lull-lab)
  LULL_LAB_DEBIAN_MIRROR  the Debian archive to take packages from, where this
                          machine's own apt sources are not Debian's
  LAB_IMAGES=hub          pull the official images instead of using the lab's`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(buildCommand(), upCommand(), downCommand(), statusCommand(), shellCommand(), envCommand())
	return cmd
}
