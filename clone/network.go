package clone

import (
	"errors"
	"fmt"

	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/internal/veth"
	"github.com/lull-containers/lull/internal/wall"
)

// layNetwork makes the network namespace, closed from its first moment on, and
// the cable to it. A clone that had a cable before gets the same one.
func (c *Clone) layNetwork() error {
	if err := netns.Create(c.NetNS()); err != nil {
		return err
	}
	if c.Address.IsValid() {
		return c.cable().Lay(c.NetNS(), c.Order.Outbound)
	}
	return c.number()
}

// wallNetwork closes it to all but the host, and to what the clone itself
// would begin.
func (c *Clone) wallNetwork() error {
	return wall.Wall{NetNS: c.NetNS(), From: c.cable().Near(), Outbound: c.Order.Outbound}.Raise()
}

func (c *Clone) cable() veth.Cable { return c.cableOf(c.Number) }

func (c *Clone) cableOf(n int) veth.Cable {
	return veth.Cable{Net: c.house.Net, Number: n, Owner: c.holder()}
}

// number finds a cable that is free: neither another clone's that is down, in
// whatever namespace, nor anybody's on this host.
func (c *Clone) number() error { return c.house.Share(c.findNumber) }

func (c *Clone) findNumber() error {
	taken, err := c.house.numbers()
	if err != nil {
		return err
	}
	for n := range veth.Count(c.house.Net) {
		if taken[n] {
			continue
		}
		done, err := c.tryNumber(n)
		if done || err != nil {
			return err
		}
	}
	return fmt.Errorf("no address of %s is free: %w", c.house.Net, ErrNetwork)
}

func (c *Clone) tryNumber(n int) (done bool, err error) {
	cable := c.cableOf(n)
	if cable.Exists() {
		return false, nil
	}
	if crosses, err := cable.Crosses(); err != nil || crosses {
		return false, err
	}
	err = cable.Lay(c.NetNS(), c.Order.Outbound)
	if errors.Is(err, veth.ErrTaken) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, c.Set(func(r *Record) { r.Number, r.Address = n, cable.Far() })
}

// unlayNetwork takes both away. A cable goes with its far end's namespace; by
// name only one that is known to be the clone's own.
func (c *Clone) unlayNetwork() error {
	var err error
	if c.Address.IsValid() {
		err = c.cable().Remove()
	}
	return errors.Join(err, netns.Remove(c.NetNS()))
}
