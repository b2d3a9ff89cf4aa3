package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/internal/dockerd"
)

// A permit never goes to a container that only begins like the one that was
// named, and where two have the name the user says which.
func TestWhoseRollbackIsAllowed(t *testing.T) {
	w := newWorld(t)
	w.cfg.DockerRoot = t.TempDir()
	id := "db" + strings.Repeat("0", longLen-2)
	dir := filepath.Join(w.cfg.DockerRoot, "containers", id)
	w.check(os.MkdirAll(dir, 0o700))
	w.check(os.WriteFile(filepath.Join(dir, dockerd.ConfigFile), []byte(`{"ID":"`+id+`","Name":"/pg"}`), 0o600))
	w.check(os.WriteFile(filepath.Join(dir, dockerd.HostFile), []byte(`{}`), 0o600))
	for _, tc := range []struct {
		ref, namespace string
		known          bool
		id, in         string
		code           int
	}{
		{"db", defaultNamespace, true, "db", defaultNamespace, exitOK},
		{"db", defaultNamespace, false, "db", defaultNamespace, exitOK},
		{"pg", defaultNamespace, false, id, dockerNamespace, exitOK},
		{id[:shortLen], defaultNamespace, false, id, dockerNamespace, exitOK},
		{"pg", dockerNamespace, false, id, dockerNamespace, exitOK},
		{"pg", "dockers-own", false, id, "dockers-own", exitOK},
		{"pg", defaultNamespace, true, "", defaultNamespace, exitUsage},
	} {
		w.app.namespace = tc.namespace
		got, _, err := w.app.orDockers(tc.ref, tc.known)
		if got != tc.id || w.app.namespace != tc.in || codeOf(t.Context(), err) != tc.code {
			t.Errorf("%s in %s, known %v: %q in %s, %v", tc.ref, tc.namespace, tc.known, got, w.app.namespace, err)
		}
	}
}
