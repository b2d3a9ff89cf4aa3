package dockerd

import (
	"strings"
)

// mounted are the destinations that the host configuration names itself.
func mounted(host map[string]any) (destinations []string) {
	binds, _ := host["Binds"].([]any)
	for _, b := range binds {
		text, _ := b.(string)
		if parts := strings.Split(text, ":"); len(parts) > 1 {
			destinations = append(destinations, parts[1])
		}
	}
	mounts, _ := host["Mounts"].([]any)
	for _, m := range mounts {
		fields, _ := m.(map[string]any)
		if target, ok := fields["Target"].(string); ok {
			destinations = append(destinations, target)
		}
	}
	return destinations
}

// endpointKeys are what a user may ask of a network; the rest of what is kept
// is what came of it.
var endpointKeys = []string{"IPAMConfig", "Links", "Aliases", "DriverOpts", "GwPriority"}

// endpoints are the networks as they were asked for; none where the container
// uses another's network or the host's.
func endpoints(kept map[string]map[string]any, host map[string]any) map[string]any {
	mode, _ := host["NetworkMode"].(string)
	if mode == "host" || mode == "none" || strings.HasPrefix(mode, "container:") {
		return nil
	}
	out := map[string]any{}
	for name, e := range kept {
		asked := map[string]any{}
		for _, k := range endpointKeys {
			if v, ok := e[k]; ok && v != nil {
				asked[k] = v
			}
		}
		out[name] = asked
	}
	return out
}
