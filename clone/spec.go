package clone

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/isolate"
)

// rewrite gives a spec the clone's network and mounts. It works on the bare
// JSON, so that fields which this build does not know are kept.
func rewrite(spec []byte, netNS string, standIns []isolate.StandIn) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(spec))
	d.UseNumber()
	var whole map[string]any
	if err := d.Decode(&whole); err != nil {
		return nil, fmt.Errorf("OCI spec: %w", err)
	}
	if err := setNetNS(whole, netNS); err != nil {
		return nil, err
	}
	if err := isolate.SetSources(whole, standIns); err != nil {
		return nil, err
	}
	return json.Marshal(whole)
}

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
	return errors.New("OCI spec: no network namespace")
}
