package engine

import (
	"context"
	"net/netip"

	"github.com/lull-containers/lull/internal/failpoint"
	"github.com/lull-containers/lull/internal/netgate"
	"github.com/lull-containers/lull/internal/rpccode"
)

func hitPutBack(step string) error { return failpoint.Hit("putback." + step) }
func hitCapture(step string) error { return failpoint.Hit("capture." + step) }

// closeNetwork keeps everybody but the agent from the ports that the database
// listened on.
func (r *Restore) closeNetwork(context.Context) error {
	ports := portsOf(r.manifest.Network.Listeners)
	if len(ports) == 0 {
		return nil
	}
	g := &netgate.Gate{NetNS: r.c.Network.Path, Name: netgate.Name(r.c.Namespace, r.c.ID), Ports: ports, UID: r.agentUID, Local: r.c.hasCommands()}
	r.undo.Push("the closed network", func(context.Context) error { return g.Open() })
	if err := g.Close(); err != nil {
		return rpccode.Wrap(rpccode.Host, err)
	}
	r.gate = g
	return nil
}

func (r *Restore) openNetwork(context.Context) error {
	if r.gate == nil {
		return nil
	}
	return r.gate.Open()
}

func portsOf(listeners []string) []uint16 {
	seen := map[uint16]bool{}
	var ports []uint16
	for _, l := range listeners {
		a, err := netip.ParseAddrPort(l)
		if err == nil && !seen[a.Port()] {
			seen[a.Port()] = true
			ports = append(ports, a.Port())
		}
	}
	return ports
}
