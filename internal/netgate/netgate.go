// Package netgate closes the listening ports of a restored database to
// everybody but the agent until the database is verified: no write may be
// acknowledged that a failed verification would lose. It is one nftables
// table in the container's network namespace, narrow enough for a namespace
// that is shared, the host's included.
package netgate

import (
	"fmt"
	"os"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// FirstPort and PortCount are the source ports that pass while the gate is
// closed, and only for the agent's uid. They lie above Linux's default range
// of ephemeral ports.
const (
	FirstPort = 64000
	PortCount = 16
)

// AgentPorts lists the source ports that pass.
func AgentPorts() []uint16 {
	ports := make([]uint16, PortCount)
	for i := range ports {
		ports[i] = FirstPort + uint16(i)
	}
	return ports
}

// Gate is one container's gate.
type Gate struct {
	NetNS string   // path of the network namespace; empty: the present one
	Name  string   // of the table, see Name
	Ports []uint16 // to close
	UID   uint32   // of the agent
	Local bool     // let everybody in over loopback: the container's own commands need it
}

// Name is the table's name for a container: short, and of safe characters.
func Name(namespace, id string) string {
	name := "lull-" + namespace + "-" + id
	return name[:min(len(name), 63)]
}

// Close puts the rules in place, in one transaction, replacing older ones.
func (g Gate) Close() error {
	return g.with(func(c *nftables.Conn) error {
		t := g.table()
		c.AddTable(t) // so that the deletion finds one
		c.DelTable(t)
		c.AddTable(t)
		g.addInput(c, t)
		g.addOutput(c, t)
		if err := c.Flush(); err != nil {
			return fmt.Errorf("close the ports of the database: %w; the kernel needs nf_tables with reject", err)
		}
		return nil
	})
}

// Open takes the rules away; a gate that is open stays open.
func (g Gate) Open() error {
	return g.with(func(c *nftables.Conn) error {
		t := g.table()
		c.AddTable(t)
		c.DelTable(t)
		if err := c.Flush(); err != nil {
			return fmt.Errorf("open the ports of the database: %w; nft delete table inet %s opens them", err, g.Name)
		}
		return nil
	})
}

func (g Gate) table() *nftables.Table {
	return &nftables.Table{Family: nftables.TableFamilyINet, Name: g.Name}
}

func (g Gate) with(f func(*nftables.Conn) error) error {
	var opts []nftables.ConnOption
	if g.NetNS != "" {
		ns, err := os.Open(g.NetNS)
		if err != nil {
			return fmt.Errorf("network namespace: %w", err)
		}
		defer ns.Close()
		opts = append(opts, nftables.WithNetNSFd(int(ns.Fd())))
	}
	c, err := nftables.New(opts...)
	if err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	return f(c)
}

// addInput lets the agent's packets in over lo and resets everybody else's.
func (g Gate) addInput(c *nftables.Conn, t *nftables.Table) {
	chain := c.AddChain(&nftables.Chain{Name: "input", Table: t, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookInput, Priority: nftables.ChainPriorityFilter})
	for _, port := range g.Ports {
		c.AddRule(&nftables.Rule{Table: t, Chain: chain, Exprs: g.passes(port)})
		c.AddRule(&nftables.Rule{Table: t, Chain: chain, Exprs: rule(tcp(), toPort(port), reset())})
	}
}

// passes is the rule for those who get in.
func (g Gate) passes(port uint16) []expr.Any {
	if g.Local {
		return rule(tcp(), toPort(port), overLoopback(), accept())
	}
	return rule(tcp(), toPort(port), overLoopback(), fromAgentPorts(), accept())
}

// addOutput keeps the agent's source ports for the agent.
func (g Gate) addOutput(c *nftables.Conn, t *nftables.Table) {
	chain := c.AddChain(&nftables.Chain{Name: "output", Table: t, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookOutput, Priority: nftables.ChainPriorityFilter})
	for _, port := range g.Ports {
		c.AddRule(&nftables.Rule{Table: t, Chain: chain,
			Exprs: rule(tcp(), toPort(port), fromAgentPorts(), notOwnedBy(g.UID), reset())})
	}
}
