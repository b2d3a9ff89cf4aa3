package criu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// unixSocket is one unix socket of a network namespace.
type unixSocket struct {
	inode, peer uint32 // peer: 0 when not connected
	kind        uint8  // SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET
	name        string // printable; empty for an unnamed one
}

// From linux/sock_diag.h and linux/unix_diag.h.
const (
	sockDiagByFamily = 20
	diagShowName     = 1 << 0
	diagShowPeer     = 1 << 2
	diagName         = 0
	diagPeer         = 2
	diagMsgLen       = 16
)

// listUnix asks the kernel for the unix sockets of the thread's namespace.
func listUnix() ([]unixSocket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, diagRequest(), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	return receive(fd)
}

func receive(fd int) ([]unixSocket, error) {
	buf := make([]byte, 1<<16)
	var all []unixSocket
	for {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			return nil, fmt.Errorf("sock_diag: %w", err)
		}
		more, done, err := parseDiag(buf[:n])
		all = append(all, more...)
		if done || err != nil {
			return all, err
		}
	}
}

// diagRequest is a netlink header and a struct unix_diag_req.
func diagRequest() []byte {
	const length = unix.SizeofNlMsghdr + 24
	b := make([]byte, length)
	binary.NativeEndian.PutUint32(b[0:], length)
	binary.NativeEndian.PutUint16(b[4:], sockDiagByFamily)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	b[16] = unix.AF_UNIX
	binary.NativeEndian.PutUint32(b[20:], ^uint32(0)) // all states
	binary.NativeEndian.PutUint32(b[28:], diagShowName|diagShowPeer)
	return b
}

var errDiag = errors.New("sock_diag: the kernel's answer cannot be read")

// parseDiag reads the messages of one datagram; done is set by the last.
func parseDiag(b []byte) (all []unixSocket, done bool, err error) {
	for len(b) >= unix.SizeofNlMsghdr {
		length := int(binary.NativeEndian.Uint32(b))
		if length < unix.SizeofNlMsghdr || length > len(b) {
			return all, false, errDiag
		}
		body := b[unix.SizeofNlMsghdr:length]
		switch binary.NativeEndian.Uint16(b[4:]) {
		case unix.NLMSG_DONE:
			return all, true, nil
		case unix.NLMSG_ERROR:
			return all, true, diagError(body)
		case sockDiagByFamily:
			s, err := parseSocket(body)
			if err != nil {
				return all, false, err
			}
			all = append(all, s)
		}
		b = b[min(align4(length), len(b)):]
	}
	return all, false, nil
}

func diagError(body []byte) error {
	if len(body) < 4 {
		return errDiag
	}
	return fmt.Errorf("sock_diag: %w", unix.Errno(-int32(binary.NativeEndian.Uint32(body))))
}

// parseSocket reads a struct unix_diag_msg and its attributes.
func parseSocket(b []byte) (s unixSocket, err error) {
	if len(b) < diagMsgLen {
		return s, errDiag
	}
	s.kind, s.inode = b[1], binary.NativeEndian.Uint32(b[4:])
	for b = b[diagMsgLen:]; len(b) >= unix.SizeofRtAttr; {
		length := int(binary.NativeEndian.Uint16(b))
		if length < unix.SizeofRtAttr || length > len(b) {
			return s, errDiag
		}
		s.attribute(binary.NativeEndian.Uint16(b[2:]), b[unix.SizeofRtAttr:length])
		b = b[min(align4(length), len(b)):]
	}
	return s, nil
}

func (s *unixSocket) attribute(kind uint16, value []byte) {
	switch {
	case kind == diagName:
		s.name = printable(string(value))
	case kind == diagPeer && len(value) >= 4:
		s.peer = binary.NativeEndian.Uint32(value)
	}
}

// printable shows an abstract name with the customary @ and drops padding.
func printable(name string) string {
	name = strings.TrimRight(name, "\x00")
	if rest, abstract := strings.CutPrefix(name, "\x00"); abstract {
		name = "@" + rest
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, name)
}

func align4(n int) int { return (n + 3) &^ 3 }
