package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCRIUScripts(t *testing.T) {
	dir := t.TempDir()
	text := "tcp-close\n# action-script /a/comment\naction-script /opt/hooks/criu-action\n"
	if err := os.WriteFile(filepath.Join(dir, "podman.conf"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := criuScripts(filepath.Join(dir, "*.conf")); !slices.Equal(got, []string{"/opt/hooks/criu-action"}) {
		t.Errorf("scripts: %q", got)
	}
}
