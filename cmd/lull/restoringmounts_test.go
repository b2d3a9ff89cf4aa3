package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/manifest"
)

// A missing folder is filled, but not at the price of one that is there.
func TestMissingFolders(t *testing.T) {
	for _, tc := range []struct {
		name    string
		there   []string
		onDrift string
		code    int
		rolls   string
	}{
		{"all", []string{"data", "wal"}, "", exitOK, ""},
		{"none", nil, "", exitOK, driftRollback},
		{"one", []string{"data"}, "", exitUsage, ""},
		{"one, and it was said", []string{"data"}, driftRollback, exitOK, driftRollback},
		{"none, and cold", nil, driftCold, exitUsage, driftCold},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			r := &restoring{opts: restoreOptions{onDrift: tc.onDrift}, manifest: exampleManifest()}
			sources := map[string]string{}
			for _, name := range []string{"data", "wal"} {
				sources["/"+name] = filepath.Join(dir, name)
				r.manifest.Volumes = append(r.manifest.Volumes, manifest.Volume{Kind: "bind", Destination: "/" + name, Capture: &manifest.Capture{}})
			}
			for _, name := range tc.there {
				if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			err := r.makeFolders(sources)
			if got := codeOf(t.Context(), err); got != tc.code || r.opts.onDrift != tc.rolls {
				t.Errorf("exit code %d, want %d; %q, want %q: %v", got, tc.code, r.opts.onDrift, tc.rolls, err)
			}
			made, err := os.ReadDir(dir)
			if want := map[int]int{exitOK: 2, exitUsage: len(tc.there)}[tc.code]; err != nil || len(made) != want {
				t.Errorf("%d folders, want %d: %v", len(made), want, err)
			}
		})
	}
}
