// Command lull-agent talks to one database for lull's shim or hooks, on
// standard input and output. It is a program of its own, small and soon
// started: clients of the database wait for it at every checkpoint.
package main

import (
	"os"

	"github.com/lull-containers/lull/agent"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/mariadb"
	"github.com/lull-containers/lull/quiesce/mongodb"
	"github.com/lull-containers/lull/quiesce/mysql"
	"github.com/lull-containers/lull/quiesce/postgres"
	"github.com/lull-containers/lull/quiesce/redis"
)

func main() { os.Exit(agent.Main(os.Stdin, os.Stdout, drivers())) }

// drivers lists the databases that this lull can talk to.
func drivers() []quiesce.Driver {
	return []quiesce.Driver{
		postgres.Driver{}, mysql.Driver{}, mariadb.Driver{},
		redis.Driver{Engine: quiesce.Redis}, redis.Driver{Engine: quiesce.Valkey},
		mongodb.Driver{},
	}
}
