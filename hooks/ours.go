package hooks

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/lull-containers/lull/criu"
)

// actionScript is CRIU's option that names the script.
const actionScript = "action-script"

func scriptIsOurs(text string) bool { return strings.HasPrefix(text, "#!/bin/sh\n"+headline) }

// criuConfigIsOurs is false for a file in which somebody has put lull's lines and
// their own together, in whatever order.
func criuConfigIsOurs(text string) bool {
	rest, begins := strings.CutPrefix(text, headline)
	if !begins {
		return false
	}
	known := criu.Config{Connections: criu.Close}.String() + criu.Config{Connections: criu.Keep}.String() + actionScript
	options := firstWords(known)
	return !slices.ContainsFunc(firstWords(rest), func(option string) bool { return !slices.Contains(options, option) })
}

func firstWords(text string) (words []string) {
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 0 {
			words = append(words, f[0])
		}
	}
	return words
}

func ociHooksAreOurs(text string) bool {
	var described struct{ Hook struct{ Env []string } }
	err := json.Unmarshal([]byte(text), &described)
	return err == nil && slices.Contains(described.Hook.Env, "WRITTEN_BY="+mark)
}
