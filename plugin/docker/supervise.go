package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"
)

// Supervisor keeps a plugin answering. dockerd waits for its plugins without an
// end: one that hangs would hang dockerd. So the socket is held by this process,
// which does nothing else than start the plugin in another, ask it for a sign
// of life, and replace one that gives none. Where none can be started it stands
// in for it.
type Supervisor struct {
	Socket  *os.File // the listening socket, which the worker inherits as ListenFD
	Address string   // its path
	Command func() *exec.Cmd
	Every   time.Duration // between two questions
	Within  time.Duration // an answer is due
	Log     func(format string, args ...any)
}

// ListenFD is where the worker finds the socket.
const ListenFD = 3

// restPause keeps a worker that dies at once from taking the machine.
const restPause = 200 * time.Millisecond

// Run keeps a worker running until ctx ends.
func (s *Supervisor) Run(ctx context.Context) error {
	for failures := 0; ctx.Err() == nil; {
		lived, err := s.one(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log("the plugin is started again: %v", err)
		}
		if failures++; lived {
			failures = 0
		}
		if failures >= maxFailures {
			s.standIn(ctx)
		}
		select {
		case <-ctx.Done():
		case <-time.After(restPause):
		}
	}
	return nil
}

// one runs one worker to its end, and tells whether it has given a sign of life.
func (s *Supervisor) one(ctx context.Context) (lived bool, err error) {
	cmd := s.Command()
	cmd.ExtraFiles = []*os.File{s.Socket}
	if err := cmd.Start(); err != nil {
		return false, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	lived, why := s.watch(ctx, ended)
	_ = cmd.Process.Kill() // it may have ended
	if !errors.Is(why, errEnded) {
		<-ended //nolint:errcheck // it was killed
	}
	return lived, why
}

var errEnded = errors.New("it ended")

// watch returns when the worker has ended, hangs, or is not wanted any more.
func (s *Supervisor) watch(ctx context.Context, ended <-chan error) (lived bool, why error) {
	for {
		select {
		case <-ctx.Done():
			return lived, ctx.Err()
		case err := <-ended:
			return lived, errors.Join(errEnded, err)
		case <-time.After(s.Every):
		}
		if err := s.ask(ctx); err != nil {
			return lived, fmt.Errorf("no sign of life: %w", err)
		}
		lived = true
	}
}

// ask asks the worker what dockerd asks at first.
func (s *Supervisor) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.Within)
	defer cancel()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: s.dial}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://plugin/Plugin.Activate", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func (s *Supervisor) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "unix", s.Address)
}
