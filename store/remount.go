package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"

	"google.golang.org/protobuf/types/known/anypb"
)

// ErrMount says that a container has no mount at a folder.
var ErrMount = errors.New("the container has no bind mount there")

// Remount has the container's bind mounts, by their folder in the container,
// come from other folders of this host.
func (t *Template) Remount(sources map[string]string) error {
	if len(sources) == 0 {
		return nil
	}
	var whole object
	if err := json.Unmarshal(t.Spec.GetValue(), &whole); err != nil {
		return err
	}
	var mounts []object
	if err := json.Unmarshal(whole["mounts"], &mounts); whole["mounts"] != nil && err != nil {
		return err
	}
	for folder, source := range sources {
		if err := remount(mounts, folder, source); err != nil {
			return err
		}
	}
	raw, err := json.Marshal(mounts)
	if err != nil {
		return err
	}
	whole["mounts"] = raw
	if raw, err = json.Marshal(whole); err == nil {
		t.Spec = &anypb.Any{TypeUrl: t.Spec.GetTypeUrl(), Value: raw}
	}
	return err
}

func remount(mounts []object, folder, source string) (err error) {
	for _, m := range mounts {
		if path.Clean(text(m["destination"])) == path.Clean(folder) && text(m["type"]) == "bind" {
			m["source"], err = json.Marshal(source)
			return err
		}
	}
	return fmt.Errorf("%s: %w", folder, ErrMount)
}

// Sources are the host's folders of the bind mounts, by the container's.
func (t *Template) Sources() (map[string]string, error) {
	var spec struct {
		Mounts []struct{ Destination, Type, Source string }
	}
	if err := json.Unmarshal(t.Spec.GetValue(), &spec); err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, m := range spec.Mounts {
		if m.Type == "bind" {
			all[path.Clean(m.Destination)] = m.Source
		}
	}
	return all, nil
}

func text(raw json.RawMessage) (s string) {
	_ = json.Unmarshal(raw, &s) // what is no text is none
	return s
}
