package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/manifest"
)

func TestOfDocker(t *testing.T) {
	cfg := config.Config{DockerRoot: t.TempDir(), StoreDir: t.TempDir()}
	if ids, err := ofDocker(cfg); err != nil || len(ids) > 0 {
		t.Fatalf("%v, %v", ids, err)
	}
	own, kept := manifest.NewID(), manifest.NewID()
	for id, in := range map[string]string{own: filepath.Join(cfg.DockerRoot, "containers"), kept: savedDocker(cfg)} {
		dir := filepath.Join(in, "c", "checkpoints", "monday")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		m := &manifest.Manifest{Schema: manifest.Schema, Status: manifest.Poisoned, Reason: "a test's", ID: id, Created: time.Now().UTC()}
		if err := manifest.Write(dir, m); err != nil {
			t.Fatal(err)
		}
	}
	ids, err := ofDocker(cfg)
	if err != nil || len(ids) != 2 || !ids[own] || !ids[kept] {
		t.Errorf("%v, %v", ids, err)
	}
	broken := filepath.Join(savedDocker(cfg), "c", "checkpoints", "monday", manifest.FileName)
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ofDocker(cfg); err == nil {
		t.Error("one that cannot be read names nothing")
	}
}
