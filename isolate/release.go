package isolate

import (
	"os"
	"path/filepath"
	"time"
)

// Release ends the isolation: mark and stand-ins go. What was written into an
// empty stand-in, archived WAL for example, may be all that there is of it: it
// is moved to a folder of the store, and told. The container does not run.
func (p Place) Release(m Mark, now time.Time) (kept []StandIn, err error) {
	to := filepath.Join(p.Store, "rejoined", p.Namespace, p.ID+"-"+now.UTC().Format("20060102T150405Z"))
	for _, s := range m.Mounts {
		if !s.filled() {
			continue
		}
		if err := os.MkdirAll(to, 0o700); err != nil {
			return kept, err
		}
		at := filepath.Join(to, filepath.Base(s.Dir))
		if err := os.Rename(s.Source, at); err != nil {
			return kept, err
		}
		s.Source = at
		kept = append(kept, s)
	}
	return kept, p.Remove()
}

// filled tells whether an empty folder was put there and is not empty any more.
func (s StandIn) filled() bool {
	if s.Method != Empty {
		return false
	}
	entries, err := os.ReadDir(s.Source)
	return err == nil && len(entries) > 0
}
