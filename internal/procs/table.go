package procs

import (
	"net/netip"
	"slices"
)

// Table is the TCP sockets of one network namespace at one moment. Reading it
// costs milliseconds on a host with much memory, whose socket hash is large.
type Table []Socket

// Listeners are the listeners among the held sockets, as addresses to connect
// to, loopback first: a network namespace may be shared, and a listener of
// somebody else's is not to be talked to.
func (t Table) Listeners(held map[uint64]bool) []netip.AddrPort {
	var addrs []netip.AddrPort
	for _, s := range t {
		if s.State == Listen && held[s.Inode] {
			addrs = append(addrs, reachable(s.Local))
		}
	}
	slices.SortFunc(addrs, preferLoopback)
	return slices.Compact(addrs)
}

// Held are the sockets with these inodes.
func (t Table) Held(inodes map[uint64]bool) Table {
	return t.only(func(s Socket) bool { return inodes[s.Inode] })
}

// In are the sockets in one state.
func (t Table) In(state int) Table {
	return t.only(func(s Socket) bool { return s.State == state })
}

func (t Table) only(keep func(Socket) bool) (some Table) {
	for _, s := range t {
		if keep(s) {
			some = append(some, s)
		}
	}
	return some
}

// Connections are the established ones among the held sockets.
func (t Table) Connections(held map[uint64]bool) Table { return t.Held(held).In(Established) }

// FarEnds are the established sockets whose other end is one of near.
func (t Table) FarEnds(near Table) Table {
	var far Table
	for _, s := range t {
		facing := func(n Socket) bool { return s.Remote == n.Local && s.Local == n.Remote }
		if s.State == Established && slices.ContainsFunc(near, facing) {
			far = append(far, s)
		}
	}
	return far
}

// reachable turns "every address" into loopback.
func reachable(a netip.AddrPort) netip.AddrPort {
	switch {
	case !a.Addr().IsUnspecified():
		return a
	case a.Addr().Is4():
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), a.Port())
	default:
		return netip.AddrPortFrom(netip.IPv6Loopback(), a.Port())
	}
}

func preferLoopback(a, b netip.AddrPort) int {
	if rank := loopRank(a) - loopRank(b); rank != 0 {
		return rank
	}
	return a.Compare(b)
}

func loopRank(a netip.AddrPort) int {
	switch {
	case a.Addr().IsLoopback() && a.Addr().Is4():
		return 0
	case a.Addr().IsLoopback():
		return 1
	}
	return 2
}
