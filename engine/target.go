package engine

import (
	"github.com/lull-containers/lull/internal/freezer"
	"github.com/lull-containers/lull/internal/procs"
	"github.com/lull-containers/lull/quiesce"
)

// target gathers what a driver may know.
func (k *Cut) target(ports []uint16) (quiesce.Target, error) {
	return targetOf(k.c, k.pid, k.freezer, ports)
}

func targetOf(c *Container, pid int, f freezer.File, ports []uint16) (quiesce.Target, error) {
	pids, err := processes(f, pid)
	if err != nil {
		return quiesce.Target{}, err
	}
	table, err := procs.TCP(pid)
	if err != nil {
		return quiesce.Target{}, err
	}
	addrs := table.Listeners(procs.SocketInodes(pids))
	if len(addrs) == 0 && c.Found.Engine != quiesce.Exec {
		return quiesce.Target{}, &quiesce.Refusal{Class: quiesce.ErrNotReady,
			What:   "no process of the container listens on TCP",
			Remedy: "wait until the database has started; one that serves a socket file alone has to listen on loopback too: " + listening(c.Found.Engine)}
	}
	env := c.Env()
	who, err := credentialsOf(c, pid, env)
	if err != nil {
		return quiesce.Target{}, err
	}
	return quiesce.Target{
		Engine: c.Found.Engine, Listeners: addrs, LocalPorts: ports,
		Args: c.Args(), Env: env, Labels: c.LullLabels(), User: who.user, Password: who.password, Database: who.database,
	}, nil
}

// listening is the setting by which a server listens on loopback.
func listening(engine string) string {
	switch engine {
	case quiesce.Postgres:
		return "listen_addresses = 'localhost'"
	case quiesce.MySQL, quiesce.MariaDB:
		return "skip_networking = OFF and bind_address = 127.0.0.1"
	case quiesce.Redis, quiesce.Valkey:
		return "port 6379 and bind 127.0.0.1"
	case quiesce.MongoDB:
		return "net.port and net.bindIp: 127.0.0.1"
	}
	return "at 127.0.0.1"
}
