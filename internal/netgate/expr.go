package netgate

import (
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

type match []expr.Any

func rule(parts ...match) []expr.Any {
	var all []expr.Any
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func tcp() match {
	return match{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.IPPROTO_TCP}},
	}
}

// The ports are at the start of the TCP header, the source's first.
const (
	sourceOffset      = 0
	destinationOffset = 2
)

func port(offset uint32) *expr.Payload {
	return &expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: offset, Len: 2}
}

func toPort(p uint16) match {
	return match{port(destinationOffset), &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binaryutil.BigEndian.PutUint16(p)}}
}

func fromAgentPorts() match {
	return match{port(sourceOffset), &expr.Range{Op: expr.CmpOpEq, Register: 1,
		FromData: binaryutil.BigEndian.PutUint16(FirstPort),
		ToData:   binaryutil.BigEndian.PutUint16(FirstPort + PortCount - 1)}}
}

func overLoopback() match {
	name := make([]byte, unix.IFNAMSIZ)
	copy(name, "lo")
	return match{
		&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: name},
	}
}

func notOwnedBy(uid uint32) match {
	return match{
		&expr.Meta{Key: expr.MetaKeySKUID, Register: 1},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: binaryutil.NativeEndian.PutUint32(uid)},
	}
}

func accept() match { return match{&expr.Verdict{Kind: expr.VerdictAccept}} }

// reset answers with a TCP reset, so that clients try again at once instead of
// waiting for a retransmission.
func reset() match {
	return match{&expr.Reject{Type: unix.NFT_REJECT_TCP_RST}}
}
