// Package wall closes a network namespace by one nftables table in it: to what
// comes in, but from one address, and to what goes out, but answers. Nothing
// inside the namespace has a say in it. Loopback stays as it is.
package wall

import (
	"fmt"
	"net/netip"
	"os"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// table is the wall's, one in a namespace.
const table = "lull-wall"

// The counters, by their names in the table.
const (
	CounterIn  = "refused-in"
	CounterOut = "refused-out"
)

// Wall is what a network namespace may do.
type Wall struct {
	NetNS string // path of the namespace
	// From is the only address that may open connections inward; none: nobody.
	From netip.Addr
	// Outbound lets connections out.
	Outbound bool
}

// Raise puts the wall in place, in one transaction, in the place of an older
// one. What is dropped is counted.
func (w Wall) Raise() error {
	c, done, err := dial(w.NetNS)
	if err != nil {
		return err
	}
	defer done()
	t := &nftables.Table{Family: nftables.TableFamilyINet, Name: table}
	c.AddTable(t) // so that the deletion finds one
	c.DelTable(t)
	c.AddTable(t)
	for _, name := range []string{CounterIn, CounterOut} {
		c.AddObj(&nftables.CounterObj{Table: t, Name: name})
	}
	w.inward(c, t)
	w.outward(c, t)
	if err := c.Flush(); err != nil {
		return fmt.Errorf("close the network of %s: %w; the kernel needs nf_tables with conntrack", w.NetNS, err)
	}
	return nil
}

// Remove takes the wall away; without one nothing happens.
func Remove(netNS string) error {
	c, done, err := dial(netNS)
	if err != nil {
		return err
	}
	defer done()
	t := &nftables.Table{Family: nftables.TableFamilyINet, Name: table}
	c.AddTable(t)
	c.DelTable(t)
	return c.Flush()
}

// Refused are the packets that the wall has dropped so far, both ways.
func Refused(netNS string) (in, out uint64, err error) {
	c, done, err := dial(netNS)
	if err != nil {
		return 0, 0, err
	}
	defer done()
	t := &nftables.Table{Family: nftables.TableFamilyINet, Name: table}
	for name, n := range map[string]*uint64{CounterIn: &in, CounterOut: &out} {
		obj, err := c.GetObject(&nftables.CounterObj{Table: t, Name: name})
		if err != nil {
			return 0, 0, fmt.Errorf("counter %s: %w", name, err)
		}
		if counter, ok := obj.(*nftables.CounterObj); ok {
			*n = counter.Packets
		}
	}
	return in, out, nil
}

func dial(netNS string) (*nftables.Conn, func(), error) {
	ns, err := os.Open(netNS)
	if err != nil {
		return nil, nil, fmt.Errorf("network namespace: %w", err)
	}
	c, err := nftables.New(nftables.WithNetNSFd(int(ns.Fd())))
	if err != nil {
		return nil, nil, fmt.Errorf("nftables: %w", err)
	}
	return c, func() { ns.Close() }, nil
}

func (w Wall) inward(c *nftables.Conn, t *nftables.Table) {
	chain := addChain(c, t, "input", nftables.ChainHookInput)
	addRule(c, chain, overLoopback(expr.MetaKeyIIFNAME), accept())
	if w.From.IsValid() {
		addRule(c, chain, from(w.From), accept())
	}
	if w.Outbound {
		addRule(c, chain, established(), accept())
	}
	addRule(c, chain, counted(CounterIn), drop())
}

func (w Wall) outward(c *nftables.Conn, t *nftables.Table) {
	chain := addChain(c, t, "output", nftables.ChainHookOutput)
	addRule(c, chain, overLoopback(expr.MetaKeyOIFNAME), accept())
	if w.Outbound {
		addRule(c, chain, accept())
		return
	}
	if w.From.IsValid() {
		addRule(c, chain, established(), accept())
	}
	addRule(c, chain, counted(CounterOut), drop())
}

func addChain(c *nftables.Conn, t *nftables.Table, name string, hook *nftables.ChainHook) *nftables.Chain {
	return c.AddChain(&nftables.Chain{Name: name, Table: t, Type: nftables.ChainTypeFilter,
		Hooknum: hook, Priority: nftables.ChainPriorityFilter})
}

type match []expr.Any

func addRule(c *nftables.Conn, chain *nftables.Chain, parts ...match) {
	var all []expr.Any
	for _, p := range parts {
		all = append(all, p...)
	}
	c.AddRule(&nftables.Rule{Table: chain.Table, Chain: chain, Exprs: all})
}

func overLoopback(key expr.MetaKey) match {
	name := make([]byte, unix.IFNAMSIZ)
	copy(name, "lo")
	return match{
		&expr.Meta{Key: key, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: name},
	}
}

// from matches IPv4 packets of one source.
func from(a netip.Addr) match {
	const sourceOffset, addressLen = 12, 4
	return match{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.NFPROTO_IPV4}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: sourceOffset, Len: addressLen},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: a.AsSlice()},
	}
}

func established() match {
	const answers = expr.CtStateBitESTABLISHED | expr.CtStateBitRELATED
	return match{
		&expr.Ct{Key: expr.CtKeySTATE, Register: 1},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4,
			Mask: binaryutil.NativeEndian.PutUint32(answers), Xor: binaryutil.NativeEndian.PutUint32(0)},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: binaryutil.NativeEndian.PutUint32(0)},
	}
}

func counted(name string) match {
	return match{&expr.Objref{Type: int(unix.NFT_OBJECT_COUNTER), Name: name}}
}

func accept() match { return match{&expr.Verdict{Kind: expr.VerdictAccept}} }
func drop() match   { return match{&expr.Verdict{Kind: expr.VerdictDrop}} }
