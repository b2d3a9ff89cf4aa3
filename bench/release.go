package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// release builds lull as it is installed, without failpoints, where every user
// can run it, and has the harness work with it. LULL_E2E_BIN names a folder of
// binaries to measure instead.
func release(ctx context.Context) error {
	settings := map[string]string{"LULL_E2E": "1"}
	if os.Getenv("LULL_E2E_BIN") == "" {
		dir := filepath.Join(os.TempDir(), "lull-bench-bin")
		if err := build(ctx, dir); err != nil {
			return err
		}
		settings["LULL_E2E_BIN"] = dir
	}
	for name, value := range settings {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

func build(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", dir+"/",
		"github.com/lull-containers/lull/cmd/...")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build lull: %w\n%s", err, out)
	}
	return nil
}
