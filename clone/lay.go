package clone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/failpoint"
	"github.com/lull-containers/lull/isolate"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/volume/captures"
)

// Lay makes all that the clone has of its own, and gives the container's OCI
// spec with it in. What it made is taken away by Clear.
func (c *Clone) Lay(ctx context.Context, m *manifest.Manifest, spec []byte) ([]byte, error) {
	var s specs.Spec
	if err := json.Unmarshal(spec, &s); err != nil {
		return nil, fmt.Errorf("OCI spec: %w", err)
	}
	copies, err := plan(m, s.Mounts, c.house.Store, c.house.Dir(c.ID))
	if err != nil {
		return nil, err
	}
	if err := ownNetwork(&s); err != nil {
		return nil, err
	}
	for _, step := range c.steps(ctx, copies) {
		if err := errors.Join(ctx.Err(), failpoint.Hit("clone."+step.name)); err != nil {
			return nil, err
		}
		if err := step.do(); err != nil {
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	standIns := make([]isolate.StandIn, len(copies))
	for i, copied := range copies {
		standIns[i] = copied.StandIn
	}
	return rewrite(spec, c.NetNS(), standIns)
}

// step is one line of Lay.
type step struct {
	name string
	do   func() error
}

func (c *Clone) steps(ctx context.Context, copies []Copy) []step {
	return []step{
		{"captures", c.holdCaptures},
		{"network", c.layNetwork},
		{"wall", c.wallNetwork},
		{"volumes", func() error { return c.layCopies(ctx, copies) }},
	}
}

// Steps names the steps of Lay, in their order.
func Steps() (names []string) {
	for _, s := range (&Clone{}).steps(context.Background(), nil) {
		names = append(names, s.name)
	}
	return names
}

func (c *Clone) layCopies(ctx context.Context, copies []Copy) error {
	for i := range copies {
		if err := c.layCopy(ctx, &copies[i]); err != nil {
			return err
		}
	}
	return c.Set(func(r *Record) { r.Copies = copies })
}

func (c *Clone) layCopy(ctx context.Context, copied *Copy) error {
	read, err := c.readCaptures(ctx, copied)
	if err != nil {
		return err
	}
	if err := copied.lay(ctx, c.Order.Isolate); err != nil {
		return err
	}
	return c.vouch(ctx, copied, read)
}

// holdCaptures keeps others from removing what the clone stands on.
func (c *Clone) holdCaptures() error {
	err := captures.Store{Dir: c.house.Store}.Hold(c.Checkpoint, c.holder())
	if errors.Is(err, captures.ErrNotFound) {
		return nil // everything is in the container's own layer
	}
	return err
}

func (c *Clone) holder() string { return "clone/" + c.Namespace + "/" + c.ID }

// ownNetwork refuses what was dumped inside the host's network, or inside one
// that belongs to a user namespace.
func ownNetwork(s *specs.Spec) error {
	if s.Linux != nil && len(s.Linux.UIDMappings) == 0 {
		for _, ns := range s.Linux.Namespaces {
			if ns.Type == specs.NetworkNamespace {
				return nil
			}
		}
	}
	return fmt.Errorf("%w: the original is in the host's network, or has a user namespace", ErrNetwork)
}

// Clear takes away what Lay made, as far as it came: mounts, files, network.
// The folder and its record stay.
func (c *Clone) Clear() error {
	entries, err := os.ReadDir(c.house.Dir(c.ID))
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if e.IsDir() {
			errs = append(errs, c.clearCopy(e.Name()))
		}
	}
	return errors.Join(append(errs, c.unlayNetwork())...)
}

func (c *Clone) clearCopy(name string) error {
	dir := c.house.Dir(c.ID) + "/" + name
	if err := isolate.Unlay(dir); err != nil { // else what is removed would be what is under it
		return fmt.Errorf("unmount %s: %w", dir, err)
	}
	return os.RemoveAll(dir)
}

// Remove takes the clone away, its folder last. Its container is gone.
func (c *Clone) Remove() error {
	if err := c.Set(func(r *Record) { r.Phase = Removing }); err != nil {
		return err
	}
	if err := failpoint.Hit("clone.remove"); err != nil {
		return err
	}
	if err := c.Clear(); err != nil {
		return err
	}
	var held error
	if c.Checkpoint != "" {
		held = captures.Store{Dir: c.house.Store}.Release(c.Checkpoint, c.holder())
	}
	return errors.Join(held, os.RemoveAll(c.house.Dir(c.ID)), c.Release())
}
