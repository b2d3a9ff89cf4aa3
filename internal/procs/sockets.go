// Package procs reads what the processes of a container hold, from /proc.
package procs

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The TCP states of /proc/net/tcp that matter here.
const (
	Established = 0x01
	CloseWait   = 0x08
	Listen      = 0x0A
)

// Socket is one TCP socket of a network namespace.
type Socket struct {
	Local, Remote netip.AddrPort
	State         int
	Inode         uint64
}

// TCP lists the TCP sockets, v4 and v6, of the namespace that pid is in.
func TCP(pid int) (Table, error) {
	var all Table
	for _, name := range []string{"tcp", "tcp6"} {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, name))
		if errors.Is(err, fs.ErrNotExist) && name == "tcp6" {
			continue // IPv6 is off
		}
		if err != nil {
			return nil, err
		}
		socks, err := parseTCP(string(data))
		if err != nil {
			return nil, fmt.Errorf("/proc/%d/net/%s: %w", pid, name, err)
		}
		all = append(all, socks...)
	}
	return all, nil
}

func parseTCP(table string) (Table, error) {
	var all Table
	for i, line := range strings.Split(strings.TrimSpace(table), "\n") {
		if i == 0 {
			continue // the heading
		}
		s, err := parseSocket(strings.Fields(line))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		all = append(all, s)
	}
	return all, nil
}

func parseSocket(f []string) (s Socket, err error) {
	if len(f) < 10 {
		return s, errors.New("too few fields")
	}
	var errs [5]error
	s.Local, errs[0] = parseAddr(f[1])
	s.Remote, errs[1] = parseAddr(f[2])
	state, err := strconv.ParseUint(f[3], 16, 8)
	s.State, errs[2] = int(state), err
	s.Inode, errs[3] = strconv.ParseUint(f[9], 10, 64)
	return s, errors.Join(errs[:]...)
}

// parseAddr reads ADDRESS:PORT as the kernel prints it: 32-bit words in host
// byte order, the port in network order.
func parseAddr(text string) (netip.AddrPort, error) {
	host, port, ok := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	if !ok || err != nil || (len(raw) != 4 && len(raw) != 16) {
		return netip.AddrPort{}, fmt.Errorf("address %q", text)
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("port %q", text)
	}
	for i := 0; i < len(raw); i += 4 {
		binary.BigEndian.PutUint32(raw[i:], binary.NativeEndian.Uint32(raw[i:]))
	}
	ip, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)), nil
}

// SocketInodes collects the inodes of all sockets that the processes hold. A
// process that ended meanwhile holds none.
func SocketInodes(pids []int) map[uint64]bool {
	held := map[uint64]bool{}
	for _, pid := range pids {
		dir := fmt.Sprintf("/proc/%d/fd", pid)
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if inode, ok := socketInode(filepath.Join(dir, e.Name())); ok {
				held[inode] = true
			}
		}
	}
	return held
}

func socketInode(path string) (uint64, bool) {
	target, err := os.Readlink(path)
	if err != nil {
		return 0, false
	}
	digits, ok := strings.CutPrefix(target, "socket:[")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(digits, "]"), 10, 64)
	return n, err == nil
}
