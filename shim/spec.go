package shim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/durable"
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

// edit changes the bundle's spec in place. It works on the bare JSON, so that
// fields which this build does not know are kept.
func edit(bundle string, change func(spec map[string]any) error) error {
	path := filepath.Join(bundle, specName)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var spec map[string]any
	if err := d.Decode(&spec); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := change(spec); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if data, err = json.Marshal(spec); err != nil {
		return err
	}
	return durable.WriteFile(path, data, 0o600)
}

// setCRIUConfig names the container's CRIU configuration file: runc looks for
// it in the configuration that the container was created with.
func setCRIUConfig(spec map[string]any, path string) {
	a, _ := spec["annotations"].(map[string]any)
	if a == nil {
		a = map[string]any{}
	}
	a[criu.ConfigAnnotation] = path
	spec["annotations"] = a
}

// setNetNS gives the network namespace a path: runc then treats it as external
// in a dump, and a restore joins whatever stands there.
func setNetNS(spec map[string]any, path string) error {
	linux, _ := spec["linux"].(map[string]any)
	list, _ := linux["namespaces"].([]any)
	for _, item := range list {
		ns, _ := item.(map[string]any)
		if ns["type"] == string(specs.NetworkNamespace) {
			ns["path"] = path
			return nil
		}
	}
	return errors.New("no network namespace to give a path")
}
