package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/criu"
)

// dockerFindings looks at what only dockerd knows. It reads dockerd's files and
// never asks its API, which may be waiting for the container.
func dockerFindings(s *subject) []criu.Finding {
	root, ok := dockerRoot(s.spec)
	if !ok {
		return nil
	}
	policy, err := restartPolicy(filepath.Join(root, s.info.ID, "hostconfig.json"))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil // another client that mounts such files
	case err != nil:
		return []criu.Finding{bad(criu.Warn, "Docker", err, "run as root")}
	case policy == "" || policy == "no":
		return []criu.Finding{okay("Docker", "no restart policy")}
	}
	return []criu.Finding{{Severity: criu.Warn, Check: "Docker",
		What:   "restart policy " + policy + ": dockerd starts the database again, cold, right after a checkpoint that stops it",
		Remedy: "docker update --restart=no " + shortID(s.info.ID)}}
}

// dockerRoot is Docker's folder of containers, which shows in the sources of
// the files that it mounts. With --network container:X they are X's.
func dockerRoot(spec *specs.Spec) (string, bool) {
	files := []string{"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}
	for _, m := range spec.Mounts {
		if !slices.Contains(files, m.Destination) {
			continue
		}
		if root := filepath.Dir(filepath.Dir(m.Source)); filepath.Base(root) == "containers" {
			return root, true
		}
	}
	return "", false
}

func restartPolicy(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var host struct{ RestartPolicy struct{ Name string } }
	return host.RestartPolicy.Name, json.Unmarshal(data, &host)
}
