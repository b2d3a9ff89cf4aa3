// Package dial connects a driver to the listeners of its target and to nothing
// else, from the source ports that it is given.
package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// Dialer connects to a target's listeners and to nothing else.
type Dialer struct {
	LocalPorts []uint16 // source ports to bind; none: any
	Listeners  []netip.AddrPort
}

// To is the dialer for a target.
func To(t quiesce.Target) Dialer { return Dialer{LocalPorts: t.LocalPorts, Listeners: t.Listeners} }

// Addresses lists the listeners as somewhere to connect to, those with the
// likely port first. A listener on every address is reached over loopback.
func (d Dialer) Addresses(likely uint16) []netip.AddrPort {
	var list []netip.AddrPort
	add := func(ip netip.Addr, port uint16) {
		if a := netip.AddrPortFrom(ip.Unmap(), port); !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	v4, v6 := netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()
	for _, l := range d.Listeners {
		switch {
		case !l.Addr().IsUnspecified():
			add(l.Addr(), l.Port())
		case l.Addr().Is4():
			add(v4, l.Port())
		default:
			add(v6, l.Port())
			add(v4, l.Port())
		}
	}
	slices.SortStableFunc(list, func(a, b netip.AddrPort) int { return rank(a, likely) - rank(b, likely) })
	return list
}

func rank(a netip.AddrPort, likely uint16) int {
	if a.Port() == likely {
		return 0
	}
	return 1
}

// portPause is the wait for a source port to be usable again after its last
// connection.
const portPause = 50 * time.Millisecond

// Dial connects from one of the local ports, if there are any. It waits until
// one of them is free, or ctx ends.
func (d Dialer) Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	if len(d.LocalPorts) == 0 {
		return new(net.Dialer).DialContext(ctx, "tcp", to.String())
	}
	for {
		conn, err := d.dialBound(ctx, to)
		if err == nil || !taken(err) {
			return conn, err
		}
		if slept := wait.Sleep(ctx, portPause); slept != nil {
			return nil, fmt.Errorf("no free source port among %v: %w", d.LocalPorts, slept)
		}
	}
}

func (d Dialer) dialBound(ctx context.Context, to netip.AddrPort) (conn net.Conn, err error) {
	for _, port := range d.LocalPorts {
		from := net.Dialer{LocalAddr: &net.TCPAddr{Port: int(port)}, Control: reuseAddress}
		if conn, err = from.DialContext(ctx, "tcp", to.String()); err == nil || !taken(err) {
			return conn, err
		}
	}
	return nil, err
}

func taken(err error) bool {
	return errors.Is(err, unix.EADDRINUSE) || errors.Is(err, unix.EADDRNOTAVAIL)
}

func reuseAddress(_, _ string, c syscall.RawConn) error {
	var set error
	err := c.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	})
	return errors.Join(err, set)
}
