package quiesce

import (
	"path"
	"slices"
	"strings"
)

// command is the program that a container's arguments come down to, behind
// entrypoint scripts, init programs and changes of user.
type command struct {
	name     string // base name; empty when only wrappers and options are there
	sentinel bool   // redis-server --sentinel
}

// wrappers maps programs that run their arguments to the number of words that
// they take first, options and assignments apart.
func wrappers() map[string]int {
	return map[string]int{
		"docker-entrypoint.sh": 0, "docker-entrypoint": 0, "entrypoint.sh": 0, "entrypoint": 0,
		"container-entrypoint": 0, "tini": 0, "dumb-init": 0, "docker-init": 0, "catatonit": 0,
		"env": 0, "exec": 0, "gosu": 1, "su-exec": 1, "setpriv": 0, "numactl": 0,
	}
}

func commandOf(args []string) command {
	skip := 0
	for i, arg := range args {
		word := path.Base(arg)
		if strings.HasPrefix(arg, "-") || strings.Contains(arg, "=") {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		takes, wraps := wrappers()[word]
		if !wraps {
			return command{name: word, sentinel: slices.Contains(args[i+1:], "--sentinel")}
		}
		skip = takes
	}
	return command{}
}

// client is true for what people run from a database's image beside it.
func (c command) client() bool {
	return c.sentinel || slices.Contains([]string{
		"psql", "pg_dump", "pg_dumpall", "pg_restore", "pg_basebackup", "pg_isready", "pg_receivewal",
		"pgbench", "createdb", "createuser", "dropdb", "vacuumdb", "reindexdb", "initdb", "pg_upgrade",
		"mysql", "mysqldump", "mysqladmin", "mysqlsh", "mysqlpump", "mysqlslap", "mysqlcheck",
		"mariadb", "mariadb-dump", "mariadb-admin", "mariadb-backup", "mariadb-check", "mariabackup",
		"redis-cli", "redis-sentinel", "redis-benchmark", "valkey-cli", "valkey-sentinel", "valkey-benchmark",
		"mongosh", "mongo", "mongodump", "mongorestore", "mongoimport", "mongoexport", "mongos",
		"sleep", "tail", "true", "cat", "crond", "cron",
	}, c.name)
}

// script is true where the arguments leave it to a script what runs.
func (c command) script() bool {
	return c.name == "" || strings.HasSuffix(c.name, ".sh") ||
		slices.Contains([]string{"sh", "bash", "dash", "ash"}, c.name)
}
