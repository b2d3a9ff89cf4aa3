// Package veth is a cable between this network namespace and another one: a
// pair of virtual interfaces with a subnet of their own. The name of the near
// end is made of the number of the subnet, so that the kernel itself gives
// every number to one owner at a time on the whole host.
package veth

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/netns"
)

// FarName is the far end's name.
const FarName = "eth0"

// Cable is one pair, by the number of its /30 in the network of all of them.
type Cable struct {
	Net    netip.Prefix // that all cables' subnets are of, IPv4
	Number int
	// Owner is written on the near end, and without it no cable is removed:
	// a number may be somebody else's by now. At most 255 bytes.
	Owner string
}

// Count is how many cables a network has room for.
func Count(pool netip.Prefix) int { return 1 << max(0, 30-pool.Bits()) }

// Name is the near end's name.
func (c Cable) Name() string { return fmt.Sprintf("lull%d", c.Number) }

// Near is this namespace's address, Far the other's.
func (c Cable) Near() netip.Addr { return c.address(1) }

// Far is the address of the far end.
func (c Cable) Far() netip.Addr { return c.address(2) }

func (c Cable) address(n int) netip.Addr {
	b := c.Net.Masked().Addr().As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	v += uint32(c.Number)*4 + uint32(n)
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// ErrTaken says that somebody has a cable of this number.
var ErrTaken = errors.New("there is an interface of this name already")

// Lay makes the cable, its far end in the network namespace at path, with
// addresses and up. Route makes the near end the far one's way out. An error
// leaves nothing behind.
func (c Cable) Lay(path string, route bool) (err error) {
	ns, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("network namespace: %w", err)
	}
	defer ns.Close()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = c.Name()
	pair := &netlink.Veth{LinkAttrs: attrs, PeerName: FarName, PeerNamespace: netlink.NsFd(int(ns.Fd()))}
	if err := netlink.LinkAdd(pair); err != nil {
		if errors.Is(err, syscall.EEXIST) {
			err = fmt.Errorf("%s: %w", c.Name(), ErrTaken)
		}
		return fmt.Errorf("virtual interface: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.remove(pair))
		}
	}()
	if err := netlink.LinkSetAlias(pair, c.Owner); err != nil {
		return fmt.Errorf("owner of %s: %w", c.Name(), err)
	}
	if err := raise(c.Name(), c.Near()); err != nil {
		return err
	}
	return netns.Do(path, func() error { return c.far(route) })
}

func (c Cable) far(route bool) error {
	if err := raise(FarName, c.Far()); err != nil {
		return err
	}
	if !route {
		return nil
	}
	return netlink.RouteAdd(&netlink.Route{Gw: net.IP(c.Near().AsSlice())})
}

// raise gives an interface its address, IPv4 only, and brings it up.
func raise(name string, addr netip.Addr) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	_ = os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/disable_ipv6", []byte("1"), 0) // not there without IPv6
	ip := &netlink.Addr{IPNet: &net.IPNet{IP: net.IP(addr.AsSlice()), Mask: net.CIDRMask(30, 32)}}
	if err := netlink.AddrAdd(link, ip); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("address %s of %s: %w", addr, name, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("%s up: %w", name, err)
	}
	return nil
}

// Remove takes the cable away, both ends. One that is gone, or another owner's,
// is no error.
func (c Cable) Remove() error {
	link, err := netlink.LinkByName(c.Name())
	var gone netlink.LinkNotFoundError
	if errors.As(err, &gone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", c.Name(), err)
	}
	if link.Attrs().Alias != c.Owner {
		return nil
	}
	return c.remove(link)
}

func (c Cable) remove(link netlink.Link) error {
	err := netlink.LinkDel(link)
	if err != nil && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("remove %s: %w", c.Name(), err)
	}
	return nil
}

// Exists tells whether the near end is there.
func (c Cable) Exists() bool {
	_, err := netlink.LinkByName(c.Name())
	return err == nil
}

// Crosses tells whether an address of this host's other interfaces lies in the
// cable's subnet.
func (c Cable) Crosses() (bool, error) {
	all, err := netlink.AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		return false, fmt.Errorf("addresses of the host: %w", err)
	}
	subnet := netip.PrefixFrom(c.Near(), 30).Masked()
	for _, a := range all {
		ip, ok := netip.AddrFromSlice(a.IP.To4())
		ones, _ := a.Mask.Size()
		if ok && netip.PrefixFrom(ip, ones).Masked().Overlaps(subnet) {
			return true, nil
		}
	}
	return false, nil
}
