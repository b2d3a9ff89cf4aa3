package shim

import (
	"os/exec"
	"sync"

	"github.com/containerd/log"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/engine"
)

// tools asks the runtime's programs for their versions, once, and on the side:
// a container does not start later because of it.
func (s *Service) tools() func() engine.Tools {
	s.ask.Do(func() { s.versions = sync.OnceValue(askTools); go s.versions() })
	return s.versions
}

func askTools() engine.Tools {
	return engine.Tools{CRIU: versionOf("criu"), Runc: versionOf("runc")}
}

// versionOf is empty when the program does not say; nothing is compared then.
func versionOf(program string) string {
	path, err := exec.LookPath(program)
	if err != nil {
		return ""
	}
	out, err := Output(exec.Command(path, "--version"))
	if err != nil {
		log.L.WithError(err).Warn("lull: version of " + program)
		return ""
	}
	v, err := criu.ParseVersion(string(out))
	if err != nil {
		return ""
	}
	return v.String()
}
