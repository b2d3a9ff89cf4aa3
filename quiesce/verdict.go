package quiesce

import "fmt"

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
