package clone

import (
	"fmt"

	"github.com/lull-containers/lull/internal/rawspec"
	"github.com/lull-containers/lull/isolate"
)

// rewrite gives a spec the clone's network and mounts.
func rewrite(spec []byte, netNS string, standIns []isolate.StandIn) ([]byte, error) {
	out, err := rawspec.Edit(spec, func(whole map[string]any) error {
		if err := rawspec.SetNetNS(whole, netNS); err != nil {
			return err
		}
		return isolate.SetSources(whole, standIns)
	})
	if err != nil {
		return nil, fmt.Errorf("OCI spec: %w", err)
	}
	return out, nil
}
