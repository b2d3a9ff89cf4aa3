package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/internal/dockerd"
	"github.com/lull-containers/lull/manifest"
)

// saveDocker keeps a checkpoint of a Docker container, as docker-save does.
func (w *world) saveDocker(container, checkpoint string) {
	dir := filepath.Join(savedDocker(w.cfg), strings.Repeat("a1", 32))
	for path, text := range map[string]string{
		dockerd.ConfigFile: `{"ID":"` + filepath.Base(dir) + `","Name":"/` + container + `"}`,
		dockerd.HostFile:   `{}`,
		filepath.Join("checkpoints", checkpoint, manifest.FileName): `{}`,
	} {
		w.check(os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o700))
		w.check(os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600))
	}
}

func TestMeansDocker(t *testing.T) {
	w := newWorld(t)
	w.addCheckpoint(manifest.Sealed) // the image cp
	name, checkpoint, _ := strings.Cut(testImage, ":")
	w.saveDocker(name, checkpoint)
	for _, tc := range []struct {
		ref, namespace string
		docker         bool
		code           int
	}{
		{"cp", testNS, false, exitOK},
		{testImage, testNS, false, exitUsage},
		{testImage, dockerNamespace, true, exitOK},
		{strings.Repeat("a1", 32) + ":17", testNS, true, exitOK},
	} {
		w.app.namespace = tc.namespace
		_, _, ok, err := w.app.meansDocker(w.ctx(), w.client, tc.ref)
		if got := codeOf(t.Context(), err); got != tc.code || ok != tc.docker {
			t.Errorf("%s in %s: Docker's %v, exit code %d: %v", tc.ref, tc.namespace, ok, got, err)
		}
	}
}

func TestFlagsThatDockerCannotHave(t *testing.T) {
	for _, o := range []restoreOptions{{isolate: true}, {keepLeft: true}, {volumes: map[string]string{"/a": "/b"}}} {
		_, err := newWorld(t).app.restoreDocker(t.Context(), dockerd.Container{}, "cp", o)
		if got := codeOf(t.Context(), err); got != exitUsage {
			t.Errorf("%+v: exit code %d: %v", o, got, err)
		}
	}
	if err := (restoreOptions{onDrift: driftRollback, name: "x"}).forDocker(); err != nil {
		t.Error(err)
	}
}
