package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/manifest"
)

// ofDocker gives the ids of the checkpoints in Docker's own folders, and of the
// saved ones. Docker's come first: `docker rm` saves them, and then they go.
func ofDocker(cfg config.Config) (map[string]bool, error) {
	ids := map[string]bool{}
	for _, containers := range []string{filepath.Join(cfg.DockerRoot, "containers"), savedDocker(cfg)} {
		found, err := filepath.Glob(filepath.Join(containers, "*", "checkpoints", "*", manifest.FileName))
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			m, err := manifest.Read(filepath.Dir(path))
			if errors.Is(err, manifest.ErrMissing) {
				continue // removed meanwhile
			}
			if err != nil {
				return nil, fmt.Errorf("%s cannot be read, and may need what looks like an orphan: %w", path, err)
			}
			ids[m.ID] = true
		}
	}
	return ids, nil
}
