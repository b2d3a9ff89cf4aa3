package forward

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
)

func listen(t *testing.T) *net.TCPListener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener)
}

func dial(t *testing.T, to net.Addr) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

// shouting answers, when its client has said everything, in capitals.
func shouting(t *testing.T) net.Addr {
	l := listen(t)
	go func() {
		for {
			c, err := l.AcceptTCP()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				said, _ := io.ReadAll(c)
				_, _ = io.WriteString(c, strings.ToUpper(string(said)))
			}()
		}
	}()
	return l.Addr()
}

func TestServe(t *testing.T) {
	near, to := listen(t), shouting(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, near, to.String()) }()
	long := strings.Repeat("x", 1<<20)
	for range 3 {
		c := dial(t, near.Addr())
		go func() {
			_, _ = io.WriteString(c, long)
			_ = c.CloseWrite()
		}()
		if got, err := io.ReadAll(c); err != nil || string(got) != strings.ToUpper(long) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
	open := dial(t, near.Addr())
	if _, err := io.WriteString(open, "never ends"); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := io.ReadAll(open); err == nil && dialable(near.Addr()) {
		t.Error("it listens on")
	}
}

func dialable(to net.Addr) bool {
	c, err := net.Dial("tcp", to.String())
	if err == nil {
		c.Close()
	}
	return err == nil
}

// A client of what is not there is told so, and the next one is served.
func TestNobodyThere(t *testing.T) {
	gone := listen(t)
	gone.Close()
	near := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, near, gone.Addr().String()) }()
	for range 2 {
		if got, _ := io.ReadAll(dial(t, near.Addr())); len(got) > 0 {
			t.Errorf("answered %q", got)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
