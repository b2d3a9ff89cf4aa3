package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	containerd "github.com/containerd/containerd/v2/client"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/lull-containers/lull/clone"
	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/failpoint"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/quiesce"
)

// cloning is one clone in the making: a restore with a setting of its own.
type cloning struct {
	*restoring
	house   clone.House
	options cloneOptions
	clone   *clone.Clone     // held by us, from place on
	again   bool             // a reset
	stand   *net.TCPListener // on this host, for the clone; nil: none
	env     []string         // of the container
	known   state.Known      // what the shim need not read
}

func newCloning(a *app, client *containerd.Client, h clone.House, ref, name string, o cloneOptions) *cloning {
	c := &cloning{restoring: newRestoring(a, client, ref, restoreOptions{name: name}), house: h, options: o}
	c.setting = c
	c.opts.isolate = o.order.Isolate
	c.say = func(format string, args ...any) { a.progress(name+": "+format, args...) }
	return c
}

// startAll starts all of them at once. When one fails, none is left.
func startAll(ctx context.Context, all []*cloning) ([]cloned, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, len(all))
	var group sync.WaitGroup
	for i, c := range all {
		group.Go(func() {
			if errs[i] = c.attempt(ctx); errs[i] != nil {
				cancel()
			}
		})
	}
	group.Wait()
	if err := firstCause(errs); err != nil {
		for _, c := range all {
			err = errors.Join(err, c.takeBack(ctx))
		}
		return nil, err
	}
	var done []cloned
	var err error
	for _, c := range all {
		done = append(done, c.report())
		err = errors.Join(err, c.keep(ctx), c.clone.Release())
	}
	return done, err
}

// firstCause prefers the failure to those that it cancelled.
func firstCause(errs []error) error {
	var first error
	for _, err := range errs {
		if first == nil || err != nil && errors.Is(first, context.Canceled) && !errors.Is(err, context.Canceled) {
			first = err
		}
	}
	return first
}

// place gives the clone what is its own.
func (c *cloning) place() []stage {
	all := []stage{{"judge", c.judge}, {"claim", c.claim}, {"memory", c.unpack}, {"lay", c.lay}}
	if c.again {
		return slices.Insert(all, 2, stage{"rewind", c.rewind})
	}
	return all
}

// judge refuses what no clone can be made of.
func (c *cloning) judge(ctx context.Context) error {
	if c.manifest == nil {
		return fail(exitManifest, "restore it with `lull restore`", "%s is no checkpoint of a database", c.ref)
	}
	if err := c.unmoved(ctx); err != nil {
		return err
	}
	return c.tied(ctx)
}

func (c *cloning) lay(ctx context.Context) error {
	spec, err := c.clone.Lay(ctx, c.manifest, c.template.Spec.GetValue())
	if err != nil {
		return err
	}
	c.template.Spec = &anypb.Any{TypeUrl: c.template.Spec.GetTypeUrl(), Value: spec}
	c.env = environment(spec)
	c.label(clone.LabelOf, c.ref)
	c.label(clone.LabelCheckpoint, c.manifest.ID)
	if err := c.leaveOrder(); err != nil {
		return err
	}
	return failpoint.Hit("clone.placed")
}

// unmoved: a reset goes back to the checkpoint that the clone was made from,
// which its image's name may not mean any more.
func (c *cloning) unmoved(context.Context) error {
	of, what := c.options.checkpoint, "pool "+c.options.pool
	if c.again {
		of, what = c.clone.Checkpoint, "clone "+c.clone.ID
	}
	if of == "" || c.manifest.ID == of {
		return nil
	}
	return fail(exitManifest, "tag its own with that name again, or remove it and make it again",
		"%s is checkpoint %s now, and %s is of %s", c.ref, c.manifest.ID, what, of)
}

// tied refuses early what the shim would refuse: to be there twice, of what
// others stand on.
func (c *cloning) tied(context.Context) error {
	settings, err := c.cfg.For(lullLabels(c.template.Labels))
	if err != nil {
		return err
	}
	if settings.Lineage == "isolate" {
		c.options.order.Isolate = true
		return nil
	}
	ties := c.manifest.Database.Lineage
	if len(ties) == 0 {
		return nil
	}
	return fail(exitLineage, "--isolate keeps the clones apart from them", "others stand on the database of %s: %s", c.ref, engine.TieText(ties))
}

// claim takes the name and the published address. Of a reset the name is ours
// already, and stays when it fails.
func (c *cloning) claim(ctx context.Context) error {
	if !c.again {
		if err := c.claimName(ctx); err != nil {
			return err
		}
	}
	return c.publish(ctx)
}

func (c *cloning) claimName(context.Context) (err error) {
	c.clone, err = c.house.Claim(c.template.ID)
	if err != nil {
		return err
	}
	c.undo.Push("the clone", func(context.Context) error { return errors.Join(c.clone.Remove(), c.house.Tidy()) })
	return c.clone.Set(func(r *clone.Record) {
		r.Ref, r.Checkpoint, r.Engine = c.ref, c.manifest.ID, c.manifest.Database.Engine
		r.Snapshotter = c.template.Snapshotter
		r.Created, r.Order, r.Port = time.Now().UTC(), c.options.order, c.port()
		r.Pool, r.Taken = c.options.pool, c.options.taken
	})
}

// publish has this host listen for the clone. Clients that come early wait.
func (c *cloning) publish(context.Context) (err error) {
	to := c.clone.Record
	if c.stand, err = reserve(&to, c.options.publish); c.stand == nil {
		return err
	}
	c.undo.Push("the published address", func(context.Context) error { return ignoreClosed(c.stand.Close()) })
	return c.clone.Set(func(r *clone.Record) { r.Published = to.Published })
}

// unpack puts the memory where all clones of the checkpoint start from.
func (c *cloning) unpack(ctx context.Context) error {
	if err := c.unpackOnce(ctx); err != nil {
		return err
	}
	var err error
	c.known.Memory, err = c.house.Memory(ctx, c.memory)
	return err
}

func (c *cloning) unpackOnce(ctx context.Context) error {
	return c.house.Share(func() (err error) {
		c.memory, err = c.image.Unpack(ctx, c.client.ContentStore(), c.house.MemoryDir())
		if err != nil {
			return err
		}
		return c.clone.Set(func(r *clone.Record) { r.Memory = c.memory })
	})
}

// leaveOrder tells the shim what to run before clients enter, and what it need
// not read.
func (c *cloning) leaveOrder() error {
	c.known.Volumes = c.clone.KnownDir()
	o := state.Order{OnClone: c.clone.Order.OnClone, Known: c.known}
	c.undo.Push("the order", func(context.Context) error {
		_, err := state.TakeOrder(c.cfg.StateDir, c.namespace, c.template.ID)
		return err
	})
	return o.Leave(c.cfg.StateDir, c.namespace, c.template.ID)
}

// settle makes it stay.
func (c *cloning) settle(context.Context, *restoring) error {
	if err := failpoint.Hit("clone.verified"); err != nil {
		return err
	}
	if err := c.clone.Set(func(r *clone.Record) { r.Phase = clone.Ready }); err != nil {
		return err
	}
	return c.startPublisher(c.clone.ID, c.stand)
}

// port is the one that the database listens on: its engine's usual one, if
// that is among them.
func (c *cloning) port() uint16 {
	usual := usualPorts()[c.manifest.Database.Engine]
	var first uint16
	for _, l := range c.manifest.Network.Listeners {
		a, err := netip.ParseAddrPort(l)
		if err != nil {
			continue
		}
		if a.Port() == usual {
			return usual
		}
		if first == 0 {
			first = a.Port()
		}
	}
	return first
}

func usualPorts() map[string]uint16 {
	return map[string]uint16{quiesce.Postgres: 5432, quiesce.MySQL: 3306, quiesce.MariaDB: 3306,
		quiesce.Redis: 6379, quiesce.Valkey: 6379, "mongodb": 27017}
}

func environment(spec []byte) []string {
	var s specs.Spec
	if json.Unmarshal(spec, &s) != nil || s.Process == nil {
		return nil
	}
	return s.Process.Env
}

func (c *cloning) report() cloned {
	done := clonedOf(c.clone.Record, c.env, c.options)
	done.VerifiedMillis, done.Pid, done.Log = c.done.VerifiedMillis, c.done.Pid, c.done.Log
	done.Steps, done.Inner, done.Warnings = c.done.Steps, c.done.Inner, c.done.Warnings
	return done
}
