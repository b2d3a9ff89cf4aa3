package agent

import (
	"slices"
	"strings"

	"github.com/lull-containers/lull/quiesce"
)

// secrets lists what of a target must never be seen in an answer. Drivers keep
// to that themselves; this is the second line, for a library's error text.
func secrets(t quiesce.Target) []string {
	var found []string
	add := func(value string) {
		if tellable(t, value) {
			found = append(found, value)
		}
	}
	add(t.Password)
	for name, value := range t.Env {
		if secretive(name) {
			add(value)
		}
	}
	for i, arg := range t.Args {
		name, value, attached := strings.Cut(arg, "=")
		if !attached && i+1 < len(t.Args) {
			value = t.Args[i+1] // --requirepass SECRET
		}
		if strings.HasPrefix(name, "-") && secretive(name) {
			add(value)
		}
	}
	return found
}

// tellable is false for a value that stands in every sentence anyway: blotting
// it out would spoil the sentence and give the value away.
func tellable(t quiesce.Target, value string) bool {
	return len(value) >= 4 && !slices.Contains(append(quiesce.Engines(), t.User, t.Database), value)
}

func secretive(name string) bool {
	for _, word := range []string{"PASS", "PWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH"} {
		if strings.Contains(strings.ToUpper(name), word) {
			return true
		}
	}
	return false
}
