// Package rawspec edits OCI runtime specs as bare JSON: fields that this build
// does not know are kept, and numbers stay as they are written.
package rawspec

import (
	"bytes"
	"encoding/json"
	"errors"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// ErrNoNetNS is that a spec has no network namespace of its own.
var ErrNoNetNS = errors.New("no network namespace to give a path")

// Edit returns the changed spec.
func Edit(data []byte, change func(spec map[string]any) error) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var spec map[string]any
	if err := d.Decode(&spec); err != nil {
		return nil, err
	}
	if spec == nil {
		return nil, errors.New("it is null")
	}
	if err := change(spec); err != nil {
		return nil, err
	}
	return json.Marshal(spec)
}

// SetNetNS gives the network namespace a path. runc then treats it as external
// in a dump, and a restore joins whatever stands there.
func SetNetNS(spec map[string]any, path string) error {
	linux, _ := spec["linux"].(map[string]any)
	list, _ := linux["namespaces"].([]any)
	for _, item := range list {
		ns, _ := item.(map[string]any)
		if ns["type"] == string(specs.NetworkNamespace) {
			ns["path"] = path
			return nil
		}
	}
	return ErrNoNetNS
}

// Annotate sets an annotation.
func Annotate(spec map[string]any, key, value string) {
	a, _ := spec["annotations"].(map[string]any)
	if a == nil {
		a = map[string]any{}
	}
	a[key] = value
	spec["annotations"] = a
}
