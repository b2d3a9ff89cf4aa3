package quiesce

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lull-containers/lull/manifest"
)

// Compare adds one fact to the verdict: to what was checked, and to what is
// broken unless it holds.
func (v *Verdict) Compare(fact string, holds bool, recorded, found string) {
	line := fmt.Sprintf("%s: recorded %s, found %s", fact, recorded, found)
	v.Checked = append(v.Checked, line)
	if !holds {
		v.Broken = append(v.Broken, line)
	}
}

// Require adds a fact that has nothing recorded to be compared with.
func (v *Verdict) Require(fact string, holds bool, otherwise string) {
	v.Checked = append(v.Checked, fact)
	if !holds {
		v.Broken = append(v.Broken, otherwise)
	}
}

// CompareIdentity adds what was recorded of the identity: all of it must be
// the same.
func (v *Verdict) CompareIdentity(recorded, now manifest.Database) {
	for _, key := range slices.Sorted(maps.Keys(recorded.Identity)) {
		was, is := recorded.Identity[key], now.Identity[key]
		v.Compare(Words(key), was == is, was, is)
	}
}

// CompareRole adds the role, where one was recorded.
func (v *Verdict) CompareRole(recorded, now manifest.Database) {
	if recorded.Role != "" {
		v.Compare("role", recorded.Role == now.Role, recorded.Role, now.Role)
	}
}

// Words are how a key of the manifest is said to a person.
func Words(key string) string { return strings.ReplaceAll(key, "_", " ") }
