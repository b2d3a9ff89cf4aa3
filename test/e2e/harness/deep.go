package harness

import (
	"encoding/json"
	"testing"

	"github.com/lull-containers/lull/deep"
)

// VerifyDeep has a checkpoint verified by the database's own programs, and
// gives the command's exit code beside what they found.
func (d *Daemon) VerifyDeep(t testing.TB, ref string) (code int, found []deep.Finding) {
	t.Helper()
	o := d.TryLull(t, "--json", "verify", "--deep", ref)
	var all []struct {
		Deep []deep.Finding `json:"deep"`
	}
	if err := json.Unmarshal([]byte(o.Stdout), &all); err != nil || len(all) != 1 {
		t.Fatalf("%v: %s", err, o)
	}
	for _, f := range all[0].Deep {
		t.Logf("%s: %s: %s", f.Check, f.Outcome, f.Detail)
	}
	if o.Stderr != "" {
		t.Log(o.Stderr)
	}
	return o.Code, all[0].Deep
}
