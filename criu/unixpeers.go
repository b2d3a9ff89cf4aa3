package criu

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/internal/procs"
)

// unixPeers finds unix sockets of the container whose other end is outside.
func unixPeers(pids []int) []Finding {
	var socks []unixSocket
	err := netns.Do(proc(pids[0], "ns/net"), func() (err error) {
		socks, err = listUnix()
		return err
	})
	if err != nil {
		return []Finding{{Severity: Warn, Check: "unix sockets",
			What: fmt.Sprintf("unix sockets could not be listed: %v", err), Remedy: "run as root"}}
	}
	var all []Finding
	for _, s := range external(socks, procs.SocketInodes(pids)) {
		all = append(all, s.finding())
	}
	return all
}

// external are those of the held sockets that are connected to one that is
// not held.
func external(socks []unixSocket, held map[uint64]bool) []unixSocket {
	var out []unixSocket
	for _, s := range socks {
		if held[uint64(s.inode)] && s.peer != 0 && !held[uint64(s.peer)] {
			out = append(out, s)
		}
	}
	return out
}

func (s unixSocket) finding() Finding {
	name := s.name
	if name == "" {
		name = fmt.Sprintf("inode %d", s.inode)
	}
	if s.kind == unix.SOCK_DGRAM {
		return Finding{Severity: Warn, Check: "unix sockets",
			What:   fmt.Sprintf("a datagram socket (%s) is connected to one outside the container, such as /dev/log", name),
			Remedy: "log to standard error instead of syslog"}
	}
	return Finding{Severity: Fail, Check: "unix sockets",
		What:   fmt.Sprintf("a stream socket (%s) is connected to a process outside the container", name),
		Remedy: "disconnect clients that use a mounted socket; let them connect over TCP"}
}
