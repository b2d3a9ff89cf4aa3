// Package criu knows CRIU from the outside: its configuration files, its logs
// and statistics, and what in a process tree it cannot dump.
package criu

import (
	"os"
	"slices"
	"strings"

	"github.com/lull-containers/lull/internal/durable"
)

// ConfigAnnotation tells runc which CRIU configuration file to use. runc reads
// it from the configuration that the container was created with, so it is set
// once, at Create, and the file is rewritten per operation. What the file says
// overrides the options of runc's own request.
const ConfigAnnotation = "org.criu.config"

// The values of lull/connections.
const (
	Close  = "close"  // connections end: on restore the server finds them closed
	Keep   = "keep"   // connections are restored as they were
	Refuse = "refuse" // a dump with connections fails
)

// ghostLimit bounds the files that are open but unlinked and so go into the
// image. CRIU's own limit of 1 MiB is less than one WAL segment.
const ghostLimit = "1G"

// Config is the file's content for one operation.
type Config struct {
	Connections string
}

// String renders the options one to a line.
func (c Config) String() string {
	lines := []string{"file-locks", "ghost-limit " + ghostLimit}
	switch c.Connections {
	case Close:
		// No connection is saved, so nothing needs protecting from packets;
		// after a dump that stops the container the lock would stay and cut
		// everybody in the network namespace off, without a word.
		lines = append(lines, "tcp-close", "skip-in-flight", "network-lock skip")
	case Keep:
		lines = append(lines, "tcp-established", "skip-in-flight")
	}
	return strings.Join(lines, "\n") + "\n"
}

// Write publishes the file.
func (c Config) Write(path string) error {
	return durable.WriteFile(path, []byte(c.String()), os.FileMode(0o600))
}

// Lacking are the lines of c that a configuration file has not.
func (c Config) Lacking(file string) (lines []string) {
	have := strings.Split(file, "\n")
	for line := range strings.Lines(c.String()) {
		line = strings.TrimSpace(line)
		if !slices.ContainsFunc(have, func(l string) bool { return strings.Join(strings.Fields(l), " ") == line }) {
			lines = append(lines, line)
		}
	}
	return lines
}
