package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/lull-containers/lull/internal/diversion"
)

// callers are those who would fail without lull's command: the hooks' files, without
// which CRIU and Podman would start nothing, and processes.
func callers(record string) ([]diversion.Caller, error) {
	r, err := diversion.ReadRecord(record)
	if err != nil {
		return nil, err
	}
	all := r.Processes()
	for _, path := range append(criuScripts(criuConfigs), defaultScript, defaultOCIHooks) {
		text, _ := os.ReadFile(path)
		for _, command := range r.CalledBy(string(text)) {
			all = append(all, diversion.Caller{Program: command, What: fmt.Sprintf("%s calls it: lull hooks uninstall", path)})
		}
	}
	return all, nil
}

// criuConfigs are CRIU's configurations, where `lull hooks install` writes its own.
const criuConfigs = "/etc/criu/*.conf"

// criuScripts are the scripts that CRIU's configurations name.
func criuScripts(pattern string) (scripts []string) {
	files, _ := filepath.Glob(pattern)
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for line := range strings.Lines(string(text)) {
			if words := strings.Fields(line); len(words) == 2 && words[0] == "action-script" && words[1] != defaultScript {
				scripts = append(scripts, words[1])
			}
		}
	}
	return scripts
}
