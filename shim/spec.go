package shim

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/durable"
	"github.com/lull-containers/lull/internal/rawspec"
)

const specName = "config.json"

func readSpec(bundle string) (*specs.Spec, error) {
	data, err := os.ReadFile(filepath.Join(bundle, specName))
	if err != nil {
		return nil, err
	}
	var spec specs.Spec
	return &spec, json.Unmarshal(data, &spec)
}

// edit changes the bundle's spec in place.
func edit(bundle string, change func(spec map[string]any) error) error {
	path := filepath.Join(bundle, specName)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if data, err = rawspec.Edit(data, change); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return durable.WriteFile(path, data, 0o600)
}
