package hooks

import (
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

func TestCRIOChecks(t *testing.T) {
	crios := map[string]string{"io.kubernetes.cri-o.ContainerType": "container"}
	for name, tt := range map[string]struct {
		annotations map[string]string
		parent      string
		want        bool
	}{
		"CRI-O's":            {crios, "crio", true},
		"by hand":            {crios, "bash", false},
		"another's":          {nil, "crio", false},
		"a pod's own":        {map[string]string{"io.kubernetes.cri-o.ContainerType": "sandbox"}, "crio", false},
		"nobody has started": {crios, "", false},
	} {
		if got := crioChecks(&specs.Spec{Annotations: tt.annotations}, tt.parent); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
