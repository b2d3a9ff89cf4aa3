package netns

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// User is a process in a network namespace.
type User struct {
	PID  int
	Name string
}

// Users are the processes in the network namespace at path.
func Users(path string) (all []User, err error) {
	ns, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	found, err := filepath.Glob("/proc/[0-9]*/ns/net")
	if err != nil {
		return nil, err
	}
	for _, one := range found {
		info, err := os.Stat(one)
		if err != nil || !os.SameFile(ns, info) {
			continue // gone, or elsewhere
		}
		dir := filepath.Dir(filepath.Dir(one))
		name, _ := os.ReadFile(filepath.Join(dir, "comm"))
		pid, _ := strconv.Atoi(filepath.Base(dir))
		all = append(all, User{pid, strings.TrimSpace(string(name))})
	}
	return all, nil
}
