package hooks

import (
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

var databases = []string{"redis 8.0", "postgres 17"}

// Plain runc: nobody but CRIU calls lull.
func TestRunc(t *testing.T) {
	for _, kind := range databases {
		for how, stop := range map[string]bool{"leave running": false, "stop": true} {
			t.Run(strings.ReplaceAll(kind+"/"+how, " ", "-"), func(t *testing.T) {
				harness.FillCell(t, "runc", "1.5", kind, how)
				h := newHost(t)
				s := newServer(t, h, kind, map[string]string{"lull/on-drift": "rollback"})
				run(t, newBundle(t, h, h.lab.Path("runc"), s.image, s.into), s).there(t, stop)
				h.nothingHeld(t)
			})
		}
	}
}
