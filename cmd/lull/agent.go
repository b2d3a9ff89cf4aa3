package main

import (
	"os"
	"os/signal"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/agent"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/mariadb"
	"github.com/lull-containers/lull/quiesce/mongodb"
	"github.com/lull-containers/lull/quiesce/mysql"
	"github.com/lull-containers/lull/quiesce/postgres"
	"github.com/lull-containers/lull/quiesce/redis"
)

// drivers lists the databases that this lull can talk to.
func drivers() []quiesce.Driver {
	return []quiesce.Driver{
		postgres.Driver{}, mysql.Driver{}, mariadb.Driver{},
		redis.Driver{Engine: quiesce.Redis}, redis.Driver{Engine: quiesce.Valkey},
		mongodb.Driver{},
	}
}

// speaks tells whether there is a driver for an engine.
func speaks(engine string) bool {
	if engine == quiesce.Exec {
		return true // its commands need none
	}
	return slices.ContainsFunc(drivers(), func(d quiesce.Driver) bool { return d.Name() == engine })
}

func agentCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "agent",
		Short:  "Talk to one database for the shim, on standard input and output",
		Hidden: true,
		Args:   usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			signal.Reset(os.Interrupt, unix.SIGTERM) // an agent has nothing to take back: it just ends
			if code := agent.Main(a.in, a.out, drivers()); code != exitOK {
				return exitStatus(code)
			}
			return nil
		},
	}
}
