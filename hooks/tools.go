package hooks

import (
	"os/exec"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/engine"
)

// toolsOf asks the runtime and the CRIU on its PATH for their versions; empty
// where one does not say, and then nothing is compared.
func toolsOf(by caller) engine.Tools {
	return engine.Tools{CRIU: versionOf("criu"), Runc: versionOf(by.exe())}
}

func versionOf(program string) string {
	out, err := exec.Command(program, "--version").Output()
	if err != nil {
		return ""
	}
	v, err := criu.ParseVersion(string(out))
	if err != nil {
		return ""
	}
	return v.String()
}
