package main

import (
	"strings"

	"github.com/lull-containers/lull/quiesce"
)

// lullLabels are those of lull's, without their prefix.
func lullLabels(labels map[string]string) map[string]string {
	own := map[string]string{}
	for k, v := range labels {
		if key, ok := strings.CutPrefix(k, quiesce.LabelPrefix); ok {
			own[key] = v
		}
	}
	return own
}
