package engine

import (
	"fmt"
	"os"
	"strings"
)

// The security modules whose labels CRIU restores.
const (
	appArmor = "AppArmor"
	selinux  = "SELinux"
)

// moduleOf tells by its form which security module a process's label is of;
// "" for one that confines nothing.
func moduleOf(label string) string {
	switch {
	case strings.HasSuffix(label, ")"): // profile (mode)
		return appArmor
	case strings.Count(label, ":") >= 2: // user:role:type:level
		return selinux
	}
	return ""
}

// present tells whether this kernel enforces with a module.
func present(module string) bool {
	switch module {
	case appArmor:
		on, err := os.ReadFile("/sys/module/apparmor/parameters/enabled")
		return err == nil && strings.HasPrefix(string(on), "Y")
	case selinux:
		_, err := os.Stat("/sys/fs/selinux/enforce")
		return err == nil
	}
	return true
}

// sameLSM refuses to restore a confined process where nothing would confine it.
func sameLSM(label string, here func(module string) bool) error {
	module := moduleOf(label)
	if module == "" || here(module) {
		return nil
	}
	return fmt.Errorf("the checkpointed processes were confined by %s (%s), which this host does not have; restore on a host with it", module, label)
}
