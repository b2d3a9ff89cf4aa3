package hooks

import (
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/config"
)

// CRI-O writes the image's name into the spec.
func TestADatabaseByTheNameOfItsImage(t *testing.T) {
	for key, want := range map[string]bool{"io.kubernetes.cri-o.ImageName": true, "org.example.image": false} {
		spec := &specs.Spec{
			Annotations: map[string]string{key: "docker.io/library/postgres:17"},
			Process:     &specs.Process{Args: []string{"/start"}},
		}
		h := Host{Config: config.Default()}
		h.Config.StateDir = t.TempDir()
		found, err := h.database(t.TempDir(), "db", "runc", spec)
		if err != nil || (found != nil) != want {
			t.Errorf("%s: %v, %v", key, found, err)
		}
	}
}
