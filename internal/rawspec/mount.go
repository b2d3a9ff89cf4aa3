package rawspec

import (
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// IsBind tells whether a mount is of a file or folder that is somewhere else
// already: by its type or, as runc has it, by its options.
func IsBind(m specs.Mount) bool {
	return m.Type == "bind" || slices.Contains(m.Options, "bind") || slices.Contains(m.Options, "rbind")
}
