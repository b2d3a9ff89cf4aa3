package wall_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/internal/veth"
	"github.com/lull-containers/lull/internal/wall"
)

// world is a network namespace with a cable to another one, which stands for
// the host: the test leaves the real one alone.
type world struct {
	host, clone string
	cable       veth.Cable
}

func newWorld(t *testing.T, route bool) world {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	w := world{filepath.Join(t.TempDir(), "host"), filepath.Join(t.TempDir(), "clone"),
		veth.Cable{Net: netip.MustParsePrefix("198.51.100.0/24"), Number: 3, Owner: "clone"}}
	for _, path := range []string{w.host, w.clone} {
		must(t, netns.Create(path))
		t.Cleanup(func() { must(t, netns.Remove(path)) })
	}
	must(t, netns.Do(w.host, func() error { return w.cable.Lay(w.clone, route) }))
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// talks tries a connection from one namespace to a listener in the other. What
// is dropped is not waited for as long as what must come.
func talks(t *testing.T, from, to string, addr netip.Addr, want bool) error {
	t.Helper()
	var l net.Listener
	must(t, netns.Do(to, func() (err error) {
		l, err = net.Listen("tcp", net.JoinHostPort(addr.String(), "0"))
		return err
	}))
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "hello")
			c.Close()
		}
	}()
	patience := time.Second
	if want {
		patience = time.Minute
	}
	return netns.Do(from, func() error {
		c, err := net.DialTimeout("tcp", l.Addr().String(), patience)
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = io.ReadAll(c)
		return err
	})
}

func TestWall(t *testing.T) {
	near, far := "near", "far"
	tests := map[string]struct {
		wall    wall.Wall
		in, out bool
	}{
		"clone":    {wall.Wall{From: netip.MustParseAddr("198.51.100.13")}, true, false},
		"outbound": {wall.Wall{From: netip.MustParseAddr("198.51.100.13"), Outbound: true}, true, true},
		"isolated": {wall.Wall{}, false, false},
		"stranger": {wall.Wall{From: netip.MustParseAddr("198.51.100.200")}, false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, true)
			tt.wall.NetNS = w.clone
			must(t, tt.wall.Raise())
			must(t, tt.wall.Raise()) // again is the same
			judge(t, near, talks(t, w.host, w.clone, w.cable.Far(), tt.in), tt.in)
			judge(t, far, talks(t, w.clone, w.host, w.cable.Near(), tt.out), tt.out)
			must(t, talks(t, w.clone, w.clone, netip.MustParseAddr("127.0.0.1"), true))
			in, out, err := wall.Refused(w.clone)
			must(t, err)
			if (in == 0) != tt.in || !tt.wall.Outbound && out == 0 {
				t.Errorf("counted %d in, %d out", in, out)
			}
			must(t, wall.Remove(w.clone))
			judge(t, near, talks(t, w.host, w.clone, w.cable.Far(), true), true)
		})
	}
}

func judge(t *testing.T, what string, err error, want bool) {
	t.Helper()
	if (err == nil) != want {
		t.Errorf("%s: %v, want it to work: %v", what, err, want)
	}
}

func TestCableIsOneOwners(t *testing.T) {
	w := newWorld(t, false)
	must(t, netns.Do(w.host, func() error {
		if err := w.cable.Lay(w.clone, false); !errors.Is(err, veth.ErrTaken) {
			return fmt.Errorf("a second one: %w", err)
		}
		if crosses, err := w.cable.Crosses(); err != nil || !crosses {
			return fmt.Errorf("its own address is not seen: %w", err)
		}
		if err := w.cable.Remove(); err != nil {
			return err
		}
		if w.cable.Exists() {
			return errors.New("it is still there")
		}
		return w.cable.Remove() // of what is gone
	}))
}

func TestCableAddresses(t *testing.T) {
	c := veth.Cable{Net: netip.MustParsePrefix("198.18.0.0/15"), Number: 100}
	if c.Near().String() != "198.18.1.145" || c.Far().String() != "198.18.1.146" || c.Name() != "lull100" || veth.Count(c.Net) != 32768 {
		t.Error(c.Near(), c.Far(), c.Name(), veth.Count(c.Net))
	}
}

// A cable is removed by its owner only.
func TestCableHasOneOwner(t *testing.T) {
	w := newWorld(t, false)
	must(t, netns.Do(w.host, func() error {
		other := w.cable
		other.Owner = "another"
		if err := other.Remove(); err != nil || !w.cable.Exists() {
			return fmt.Errorf("another owner's cable went: %w", err)
		}
		if err := w.cable.Remove(); err != nil || w.cable.Exists() {
			return fmt.Errorf("its own cable is there: %w", err)
		}
		return nil
	}))
}
