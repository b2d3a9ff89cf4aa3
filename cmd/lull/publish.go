package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/clone"
	"github.com/lull-containers/lull/internal/forward"
)

// publishAt is the flag: an address of this host.
type publishAt struct{ netip.AddrPort }

// Set reads [HOST:]PORT.
func (p *publishAt) Set(text string) error {
	if !strings.Contains(text, ":") {
		text = "127.0.0.1:" + text
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return err
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return fmt.Errorf("%q is no IP address", host)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fmt.Errorf("%q is no port", port)
	}
	p.AddrPort = netip.AddrPortFrom(addr, uint16(n))
	return nil
}

func (p *publishAt) String() string {
	if !p.IsValid() {
		return ""
	}
	return p.AddrPort.String()
}

// Type is the flag's word for its value.
func (*publishAt) Type() string { return "[HOST:]PORT" }

func (p *publishAt) check(clones int, isolated bool) error {
	if !p.IsValid() {
		return nil
	}
	if clones > 1 && p.Port() != 0 {
		return errors.New("--publish: one address is for one clone; port 0 gives each one that is free")
	}
	if isolated && !p.Addr().IsLoopback() {
		return fmt.Errorf("--publish: with --isolate nobody but this host may come in; take 127.0.0.1 instead of %s", p.Addr())
	}
	return nil
}

// reserve has this host listen for a clone, at the address that it had before
// a reset, or that is asked for, and notes it in the record. Nil: it is not
// published, or somebody listens for it already.
func reserve(r *clone.Record, at publishAt) (*net.TCPListener, error) {
	again := r.Published.IsValid()
	if again {
		at.AddrPort = r.Published
	}
	if !at.IsValid() {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	if r.Port == 0 {
		return nil, fail(exitUsage, "leave --publish out", "the database of %s listens at no port", r.Ref)
	}
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(at.AddrPort))
	if again && errors.Is(err, unix.EADDRINUSE) {
		return nil, nil //nolint:nilnil // somebody listens
	}
	if errors.Is(err, unix.EADDRINUSE) {
		return nil, fail(exitExists, "take another port, or 0 for any that is free", "%s of this host is in use", at.AddrPort)
	}
	if err != nil {
		return nil, fmt.Errorf("--publish: %w", err)
	}
	r.Published = netip.AddrPortFrom(at.Addr(), l.Addr().(*net.TCPAddr).AddrPort().Port())
	return l, nil
}

// ignoreClosed is for a listener that a publisher may have by now.
func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// startPublisher has a process of its own carry a listener's connections on to
// a clone. It ends with the clone.
func (a *app) startPublisher(id string, l *net.TCPListener) error {
	if l == nil {
		return nil
	}
	f, err := l.File()
	if err != nil {
		return err
	}
	defer f.Close()
	if err := a.detachedWith([]*os.File{f}, "clone", "publish", id); err != nil {
		return fmt.Errorf("publish %s: %w", id, err)
	}
	return l.Close()
}

func clonePublishCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "publish CLONE",
		Short:  "Answer for a clone at an address of this host",
		Hidden: true,
		Args:   usage(cobra.ExactArgs(1)),
		RunE:   func(cmd *cobra.Command, args []string) error { return a.publish(cmd.Context(), args[0]) },
	}
}

const publishPoll = 200 * time.Millisecond

// publish serves the listener that it was started with until the clone is gone.
func (a *app) publish(ctx context.Context, id string) error {
	h, err := a.house()
	if err != nil {
		return err
	}
	l, err := inheritedListener[*net.TCPListener]("`lull clone --publish`")
	if err != nil {
		return err
	}
	r, err := h.Read(id)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer cancel()
		for ctx.Err() == nil && sameClone(h, r) {
			time.Sleep(publishPoll)
		}
	}()
	return forward.Serve(ctx, l, netip.AddrPortFrom(r.Address, r.Port).String())
}

// sameClone tells whether a clone is still the one that it was, and stays. A
// record that cannot be read for the moment tells nothing.
func sameClone(h clone.House, was clone.Record) bool {
	now, err := h.Read(was.ID)
	if err != nil {
		return !errors.Is(err, clone.ErrUnknown)
	}
	return now.Created.Equal(was.Created) && now.Phase != clone.Removing
}

// unpublished waits until nobody listens for a clone that is gone.
func unpublished(ctx context.Context, at netip.AddrPort) error {
	if !at.IsValid() {
		return nil
	}
	for range 50 {
		l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(at))
		if err == nil {
			return l.Close()
		}
		if !errors.Is(err, unix.EADDRINUSE) || ctx.Err() != nil {
			return nil //nolint:nilerr // the address is gone from this host too
		}
		time.Sleep(publishPoll)
	}
	return nil // somebody else has it by now
}
