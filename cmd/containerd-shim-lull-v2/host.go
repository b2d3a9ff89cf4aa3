package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/shim"
	"github.com/lull-containers/lull/shim/front"
)

// hostOf gathers what the service has to know of its surroundings. Unread is why
// cfg is not what the file says.
func hostOf(cfg config.Config, unread error, c front.Call) (shim.Host, error) {
	lull, err := findLull(cfg)
	if err != nil {
		return shim.Host{}, err
	}
	ask := func(ctx context.Context, namespace, id string) (shim.Metadata, error) {
		return metadata(ctx, lull, c.Address, namespace, id)
	}
	return shim.Host{Config: cfg, Unread: unread, Lull: lull, Metadata: ask}, nil
}

func findLull(cfg config.Config) (string, error) {
	if cfg.Lull != "" {
		return cfg.Lull, nil
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), "lull")
		if _, err := exec.LookPath(beside); err == nil {
			return beside, nil
		}
	}
	path, err := exec.LookPath("lull")
	if err != nil {
		return "", fmt.Errorf("the lull command is not beside the shim and not on PATH: %w; install it, or set lull in %s", err, config.Path())
	}
	return path, nil
}

// metadata asks containerd through the lull command, so that the shim links no
// client.
func metadata(ctx context.Context, lull, address, namespace, id string) (shim.Metadata, error) {
	var m shim.Metadata
	cmd := exec.CommandContext(ctx, lull, "container-metadata", "--address", address, "--namespace", namespace, id)
	out, err := shim.Output(cmd)
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(out, &m)
}
