// Package forward carries TCP connections from a listener on to an address, as
// they are: nothing of the host's network is changed for it.
package forward

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

const dialTime = 5 * time.Second

// Serve carries every connection on to the address until ctx ends. Then the
// listener is closed, and so is every connection.
func Serve(ctx context.Context, l net.Listener, to string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel() // before the wait
	for {
		from, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				from.Close()
			}
			return nil
		}
		var passing interface{ Temporary() bool }
		if errors.As(err, &passing) && passing.Temporary() { // out of files, or the client was gone at once
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if err != nil {
			return err
		}
		group.Go(func() { carry(ctx, from, to) })
	}
}

// carry ends a connection whose other side cannot be reached.
func carry(ctx context.Context, from net.Conn, to string) {
	defer from.Close()
	other, err := (&net.Dialer{Timeout: dialTime}).DialContext(ctx, "tcp", to)
	if err != nil {
		return
	}
	defer other.Close()
	stop := context.AfterFunc(ctx, func() { from.Close(); other.Close() })
	defer stop()
	var group sync.WaitGroup
	group.Go(func() { copyHalf(other, from) })
	copyHalf(from, other)
	group.Wait()
}

// copyHalf copies one way, and passes on that it has ended.
func copyHalf(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(*net.TCPConn); ok && err == nil {
		_ = half.CloseWrite() // the other way may go on
		return
	}
	to.Close()
	from.Close()
}
