package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/internal/dockerd"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/plugin/docker"
)

// plantDocker makes a container with a checkpoint in Docker's data folder.
func plantDocker(t *testing.T, root, id, state string) {
	t.Helper()
	for path, text := range map[string]string{
		dockerd.ConfigFile: `{"ID":"` + id + `","Name":"/` + id + `","State":` + state + `}`,
		dockerd.HostFile:   `{}`,
		filepath.Join("checkpoints", "cut", manifest.FileName): `{}`,
	} {
		path = filepath.Join(root, "containers", id, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBeforePrune(t *testing.T) {
	d := dockerAdvice{&app{}, config.Default()}
	d.cfg.DockerRoot, d.cfg.StoreDir = t.TempDir(), t.TempDir()
	plantDocker(t, d.cfg.DockerRoot, "ended", `{"Running":false}`)
	plantDocker(t, d.cfg.DockerRoot, "runs", `{"Running":true}`)
	if err := d.BeforePrune(t.Context(), docker.Call{}); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadDir(savedDocker(d.cfg))
	if err != nil || len(kept) != 1 || kept[0].Name() != "ended" {
		t.Errorf("saved: %v, %v", kept, err)
	}
}

// A checkpoint that cannot be saved is not removed.
func TestRemovalIsRefusedWhenNothingCanBeSaved(t *testing.T) {
	d := dockerAdvice{&app{}, config.Default()}
	d.cfg.DockerRoot, d.cfg.StoreDir = t.TempDir(), filepath.Join(t.TempDir(), "file")
	plantDocker(t, d.cfg.DockerRoot, "pg", `{}`)
	if err := os.WriteFile(d.cfg.StoreDir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"rm":    d.BeforeRemove(t.Context(), docker.Call{Container: "pg"}),
		"prune": d.BeforePrune(t.Context(), docker.Call{}),
	} {
		var no *docker.Refusal
		if !errors.As(err, &no) || !strings.Contains(no.Text, "docker checkpoint rm pg NAME") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
