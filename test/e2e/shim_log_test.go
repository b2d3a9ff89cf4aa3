package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// chatter logs a mebibyte and a bit.
const chatter = `DO $$ BEGIN FOR i IN 1..1100 LOOP RAISE LOG '% %', i, repeat('x', 1000); END LOOP; END $$`

// unreadLog restores by ctr, which makes fifos for the output, exits, and
// leaves nobody to read them. What the database logs must not block it.
func unreadLog(t *testing.T) {
	s := newSubject(t, annotations("lull/on-drift", "rollback"))
	ref := harness.Name(t, "image")
	s.d.Ctr(t, "containers", "checkpoint", "--task", "--rw", "--image", s.ID, ref)
	s.Kill(t)
	s.Remove(t)
	s.d.Ctr(t, "containers", "restore", "--rw", "--live", s.ID, ref)
	s.WaitAnswer(t)
	s.Exec(t, chatter)
	s.load.Wait(t, 5)
	spilled := int64(0)
	for _, name := range []string{"stdout.log", "stderr.log"} {
		if info, err := os.Stat(filepath.Join(s.StateDir(), name)); err == nil {
			spilled += info.Size()
		}
	}
	if spilled < 1<<20 {
		t.Errorf("%d bytes of the log were kept", spilled)
	}
}
