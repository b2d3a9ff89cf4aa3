package engine

import (
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/volume/shm"
)

func TestOwnMemory(t *testing.T) {
	memory, other := specs.Mount{Destination: "/dev/shm/"}, specs.Mount{Destination: "/data"}
	var none *Restore
	if back := (&Restore{shared: &shm.Restored{}}); !back.OwnMemory(memory) || back.OwnMemory(other) {
		t.Error("what was put back is not known, or something else is taken for it")
	}
	if none.OwnMemory(memory) || (&Restore{}).OwnMemory(memory) {
		t.Error("nothing was put back")
	}
}

func TestSharedMemoryOf(t *testing.T) {
	bind := specs.Mount{Destination: "/dev/shm", Type: "bind", Source: "/host"}
	for want, mounts := range map[string][]specs.Mount{
		"":      {{Destination: "/dev/shm", Type: "tmpfs", Source: "shm"}},
		"/host": {{Destination: "/dev/shm", Type: "tmpfs", Source: "shm"}, bind},
	} {
		if got := sharedMemory(mounts); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}
