package hooks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/freezer"
	"github.com/lull-containers/lull/internal/procs"
	"github.com/lull-containers/lull/internal/rpccode"
)

// unpause lets a container run that was paused before the dump, where that is
// safe, and tells whether it was. Whoever pauses may take files and would have
// them parted from the memory; CRI-O is known to take none before the dump: it
// pauses, dumps, takes the writable layer and resumes.
func (k *keeper) unpause(ctx context.Context, rt held) (paused bool, err error) {
	f, err := freezer.Of(rt.pid)
	if err != nil {
		return false, err
	}
	if paused, err = f.Frozen(); err != nil || !paused {
		return false, err
	}
	if !crioChecks(k.subj.Spec, k.subj.by.parentName()) {
		return true, rpccode.Wrap(rpccode.Preflight, errors.New("the container is paused, and its database cannot be spoken to; "+
			"resume it first, or use lull's shim, which is asked before a pause"))
	}
	return true, rt.Thaw(ctx)
}

// crioChecks tells whether CRI-O itself checkpoints a container of its own. Its
// API has no pause, so that the pause is its own too.
func crioChecks(spec *specs.Spec, parent string) bool {
	return parent == "crio" && spec.Annotations["io.kubernetes.cri-o.ContainerType"] == "container"
}

// parentName is of the program that called the runtime.
func (c caller) parentName() string {
	pid, err := procs.Parent(c.pid)
	if err != nil {
		return ""
	}
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(name))
}

// awaitResume leaves a container to the engine that has paused it. One that it
// forgets runs again after lull/max-frozen, and the checkpoint, whose files it
// may still be taking, is void.
func (k *keeper) awaitResume(cut *engine.Cut) error {
	const look = 20 * time.Millisecond
	for end := time.Now().Add(k.subj.Settings.MaxFrozen); ; time.Sleep(look) {
		frozen, err := cut.Freezer().Frozen()
		if err != nil || !frozen {
			return cleanup.IgnoreAbsent(err)
		}
		if time.Now().After(end) {
			return cut.Poison("the engine did not resume the container within lull/max-frozen")
		}
	}
}
