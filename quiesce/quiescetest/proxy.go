package quiescetest

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/lull-containers/lull/quiesce"
)

// proxy stands between a session and the server, to be cut.
type proxy struct {
	listener net.Listener
	mu       sync.Mutex
	conns    []net.Conn // guarded by mu
}

// proxied is the target behind a proxy that ends with t.
func proxied(t *testing.T, target quiesce.Target) (quiesce.Target, *proxy) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := &proxy{listener: l}
	t.Cleanup(p.cut)
	go p.serve(target.Listeners[0].String())
	target.Listeners = []netip.AddrPort{netip.MustParseAddrPort(l.Addr().String())}
	return target, p
}

func (p *proxy) serve(to string) {
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", to)
		if err != nil {
			near.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, near, far)
		p.mu.Unlock()
		go func() { _, _ = io.Copy(far, near) }()
		go func() { _, _ = io.Copy(near, far) }()
	}
}

// cut closes every connection and takes no more.
func (p *proxy) cut() {
	p.listener.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
}
