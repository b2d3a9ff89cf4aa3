package main

import (
	"errors"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/dockerd"
)

// dockerFindings looks at what only dockerd knows. It reads dockerd's files and
// never asks its API, which may be waiting for the container.
func dockerFindings(s *subject) []criu.Finding {
	c, err := dockerd.Of(s.spec.Mounts, s.info.ID)
	switch {
	case errors.Is(err, dockerd.ErrNone):
		return nil // another client
	case err != nil:
		return []criu.Finding{bad(criu.Warn, "Docker", err, "run as root")}
	}
	what, remedy := c.Undoes()
	if what == "" {
		return []criu.Finding{okay("Docker", "neither restart policy nor --rm")}
	}
	return []criu.Finding{{Severity: criu.Warn, Check: "Docker", What: what + "; such a checkpoint is refused", Remedy: remedy}}
}
