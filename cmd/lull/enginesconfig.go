package main

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// defaultDropIns are imported by the configuration that containerd 2.2 has by
// default.
const defaultDropIns = "/etc/containerd/conf.d/*.toml"

// runtimePaths finds every runtime_path in a containerd's configuration and in
// what that imports, whatever its version calls the section. Root is where the
// daemon's files are.
func runtimePaths(root, file string) (paths []string) {
	for _, tree := range configTrees(root, file) {
		paths = append(paths, walkRuntimes(tree)...)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// configuredAddress is the socket that the configuration names.
func configuredAddress(root, file string) (address string) {
	for _, tree := range configTrees(root, file) {
		if grpc, ok := tree["grpc"].(map[string]any); ok {
			set, _ := grpc["address"].(string)
			address = cmp.Or(set, address)
		}
	}
	return cmp.Or(address, "/run/containerd/containerd.sock")
}

// configTrees are a configuration file and those that it imports, each once, in
// the order of their being read.
func configTrees(root, file string) (trees []map[string]any) {
	todo, seen := []string{file}, map[string]bool{}
	for len(todo) > 0 {
		next := todo[0]
		todo = todo[1:]
		if seen[next] {
			continue
		}
		seen[next] = true
		tree, err := readTOML(filepath.Join(root, next))
		if err == nil {
			trees = append(trees, tree)
		}
		todo = append(todo, imports(root, next, tree)...)
	}
	return trees
}

func readTOML(path string) (tree map[string]any, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return tree, toml.Unmarshal(data, &tree)
}

// imports are the files that one names, from its own folder on; without a file
// there are the default ones.
func imports(root, file string, tree map[string]any) (files []string) {
	patterns, _ := tree["imports"].([]any)
	if tree == nil {
		patterns = []any{defaultDropIns}
	}
	for _, p := range patterns {
		pattern, ok := p.(string)
		if !ok {
			continue
		}
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(filepath.Dir(file), pattern)
		}
		found, _ := filepath.Glob(filepath.Join(root, pattern))
		for _, path := range found {
			files = append(files, strings.TrimPrefix(path, strings.TrimSuffix(root, "/")))
		}
	}
	return files
}

func walkRuntimes(node any) (paths []string) {
	table, ok := node.(map[string]any)
	if !ok {
		return nil
	}
	for key, value := range table {
		if path, ok := value.(string); ok && key == "runtime_path" && path != "" {
			paths = append(paths, path)
		}
		paths = append(paths, walkRuntimes(value)...)
	}
	return paths
}

// dockerRuntimes are the shims that dockerd's configuration names by path.
func dockerRuntimes(root, file string) (paths []string) {
	var config struct {
		Runtimes map[string]struct {
			RuntimeType string `json:"runtimeType"`
		} `json:"runtimes"`
	}
	data, err := os.ReadFile(filepath.Join(root, file))
	if err != nil || json.Unmarshal(data, &config) != nil {
		return nil
	}
	for _, r := range config.Runtimes {
		if filepath.IsAbs(r.RuntimeType) {
			paths = append(paths, r.RuntimeType)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}
