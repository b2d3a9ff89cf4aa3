package agent

import (
	"cmp"
	"errors"
	"io"
	"os/exec"
)

// Config says how the agent's process is started.
type Config struct {
	// Binary is the absolute path of lull-agent.
	Binary string
	// NetNS is the path of the network namespace to start in; empty is the
	// present one.
	NetNS string
	// UID and GID are the process's own, without supplementary groups. Zero
	// is 65534: the agent is never root. A caller that is not root leaves
	// both at zero and has an agent of its own uid.
	UID, GID uint32
	// Memory is how many bytes the process may grow by; zero is 48 MiB. A
	// driver that wants more ends its process, with ErrAgent for the caller.
	Memory int64
	// Starter starts the process; nil is plain os/exec.
	Starter Starter
	// Stderr takes the process's standard error, its first 64 KiB; nil drops it.
	Stderr io.Writer
}

// Starter starts a process and waits for it. A program that reaps every
// child itself has one of its own.
type Starter interface {
	// Start must call cmd.Start on the calling goroutine: its thread is in
	// the network namespace that the process is to be born in. The function
	// wait returns once the process is reaped, nil when it exited with 0.
	Start(cmd *exec.Cmd) (wait func() error, err error)
}

const (
	defaultMemory = 48 << 20
	minMemory     = 16 << 20
	nobody        = 65534
)

func (c Config) withDefaults() (Config, error) {
	c.Memory = cmp.Or(c.Memory, defaultMemory)
	c.UID = cmp.Or(c.UID, nobody)
	c.GID = cmp.Or(c.GID, nobody)
	if c.Starter == nil {
		c.Starter = plain{}
	}
	if c.Stderr == nil {
		c.Stderr = io.Discard
	}
	if c.Binary == "" {
		return c, errors.New("agent: no path of its program; set lull in config.toml")
	}
	if c.Memory < minMemory {
		return c, errors.New("agent: less than 16 MiB of memory is too little; raise agent.memory_mib in config.toml")
	}
	return c, nil
}

// plain starts by os/exec.
type plain struct{}

func (plain) Start(cmd *exec.Cmd) (func() error, error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return cmd.Wait, nil
}
