package netgate

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/lull-containers/lull/internal/netns"
)

// dial connects to port from a source port, inside the namespace.
func dial(ns string, source, port int) error {
	return netns.Do(ns, func() error {
		d := net.Dialer{Timeout: 2 * time.Second, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: source}}
		c, err := d.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return err
		}
		return c.Close()
	})
}

func listen(t *testing.T, ns string) int {
	t.Helper()
	var l net.Listener
	err := netns.Do(ns, func() (err error) {
		l, err = net.Listen("tcp", "127.0.0.1:0")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			c.Close()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func namespace(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make a network namespace")
	}
	ns := filepath.Join(t.TempDir(), "net")
	if err := netns.Create(ns); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := netns.Remove(ns); err != nil {
			t.Error(err)
		}
	})
	return ns
}

func TestGate(t *testing.T) {
	ns := namespace(t)
	port, other := listen(t, ns), listen(t, ns)
	gate := Gate{NetNS: ns, Name: Name("test", "gate"), Ports: []uint16{uint16(port)}, UID: 0}
	if err := gate.Close(); err != nil {
		t.Fatal(err)
	}
	if err := dial(ns, 0, port); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a client got through a closed gate, or was left waiting: %v", err)
	}
	if err := dial(ns, FirstPort, port); err != nil {
		t.Errorf("the agent was kept out: %v", err)
	}
	if err := dial(ns, 0, other); err != nil {
		t.Errorf("another port was closed: %v", err)
	}
	strangers := gate
	strangers.UID = 4242
	if err := strangers.Close(); err != nil {
		t.Fatal(err)
	}
	if err := dial(ns, FirstPort+1, port); err == nil {
		t.Error("another user's process got through with the agent's port")
	}
	for range 2 {
		if err := gate.Open(); err != nil {
			t.Fatal(err)
		}
	}
	if err := dial(ns, 0, port); err != nil {
		t.Errorf("the gate is open and a client is kept out: %v", err)
	}
}

func TestName(t *testing.T) {
	if n := Name("k8s.io", string(make([]byte, 64))); len(n) > 63 {
		t.Errorf("%d characters, the kernel takes 63", len(n))
	}
}
