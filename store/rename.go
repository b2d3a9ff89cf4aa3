package store

import (
	"encoding/json"
	"path"
	"strings"
)

type object = map[string]json.RawMessage

// rename gives a container that takes another id a cgroup of its own, where the
// old one's was called after its id. Whatever else the spec says stays, known
// here or not.
func rename(spec []byte, from, to string) ([]byte, error) {
	var whole, linux object
	if err := json.Unmarshal(spec, &whole); err != nil {
		return nil, err
	}
	if whole["linux"] == nil {
		return spec, nil
	}
	if err := json.Unmarshal(whole["linux"], &linux); err != nil {
		return nil, err
	}
	if err := renameCgroup(linux, from, to); err != nil {
		return nil, err
	}
	var err error
	if whole["linux"], err = json.Marshal(linux); err != nil {
		return nil, err
	}
	return json.Marshal(whole)
}

func renameCgroup(linux object, from, to string) error {
	if linux["cgroupsPath"] == nil {
		return nil
	}
	var old string
	if err := json.Unmarshal(linux["cgroupsPath"], &old); err != nil {
		return err
	}
	raw, err := json.Marshal(cgroupFor(old, from, to))
	linux["cgroupsPath"] = raw
	return err
}

// cgroupFor knows both notations: /parent/ID, and systemd's slice:prefix:ID.
func cgroupFor(old, from, to string) string {
	if prefix, ok := strings.CutSuffix(old, ":"+from); ok {
		return prefix + ":" + to
	}
	if path.Base(old) == from {
		return path.Join(path.Dir(old), to)
	}
	return old
}
