package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/volume"
)

// OCI does lull's part of the stages createRuntime and poststop. The runtime
// writes the container's state to in, which also tells the stage. An error at
// createRuntime ends the container before it has begun.
func OCI(ctx context.Context, h Host, in io.Reader) error {
	var s specs.State
	if err := json.NewDecoder(in).Decode(&s); err != nil {
		return fmt.Errorf("the container's state on standard input: %w", err)
	}
	if s.Status == specs.StateStopped {
		return h.poststop(ctx, s)
	}
	return h.createRuntime(s)
}

// createRuntime notes that the container is there. A label that cannot be
// understood is told now, not at the first checkpoint.
func (h Host) createRuntime(s specs.State) error {
	spec, err := readSpec(s.Bundle)
	if err != nil {
		return err
	}
	c, err := h.database(s.Bundle, s.ID, "", spec)
	if c == nil || err != nil {
		return err
	}
	if err := servable(c); err != nil {
		return err
	}
	if err := os.MkdirAll(c.Paths.State, 0o711); err != nil {
		return err
	}
	return state.Write(c.Paths.State, state.Record{
		ID: c.ID, Namespace: c.Namespace, Engine: c.Found.Engine, DetectedBy: c.Found.By,
		Phase: state.Open, Since: time.Now().UTC(), Pid: s.Pid, Bundle: c.Bundle, Warnings: c.Warnings,
	})
}

// poststop forgets the container.
func (h Host) poststop(ctx context.Context, s specs.State) error {
	dir := state.Dir(h.Config.StateDir, Namespace, s.ID)
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil // no database's
	}
	var undo cleanup.Stack
	undo.Push("the state folder", func(context.Context) error { return state.Remove(dir) })
	undo.Push("the leases", func(context.Context) error {
		return volume.SweepLeases(state.Leases(h.Config.StateDir), Namespace, s.ID)
	})
	return undo.Run(ctx, undoTime)
}
