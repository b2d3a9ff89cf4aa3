package quiesce

import (
	"maps"

	"github.com/lull-containers/lull/manifest"
)

// ColdStart is what of a record holds for a server that was started anew on its
// files. Redis and Valkey name their process, and count since it began.
func ColdStart(recorded manifest.Database) manifest.Database {
	if recorded.Engine != Redis && recorded.Engine != Valkey {
		return recorded
	}
	recorded.Identity = maps.Clone(recorded.Identity)
	delete(recorded.Identity, "run_id")
	delete(recorded.Identity, "master_replid")
	recorded.Position = nil
	return recorded
}
