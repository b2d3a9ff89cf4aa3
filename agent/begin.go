package agent

import (
	"context"
	"sync"

	"github.com/lull-containers/lull/quiesce"
)

// Starting is an agent whose process starts while its caller finds out what it
// is to open.
type Starting struct {
	cfg      Config
	launched chan struct{} // closed when client or err is there
	client   *Client       // read after launched is closed
	err      error         // read after launched is closed
	taken    sync.Once     // by Open or Drop
}

// Begin starts an agent's process and returns at once.
func Begin(cfg Config) *Starting {
	s := &Starting{launched: make(chan struct{})}
	if s.cfg, s.err = cfg.withDefaults(); s.err != nil {
		close(s.launched)
		return s
	}
	go func() {
		defer close(s.launched)
		s.client, s.err = launch(s.cfg)
	}()
	return s
}

// Open opens the session with the target, as Start does. It is called once.
func (s *Starting) Open(ctx context.Context, t quiesce.Target) (*Client, error) {
	s.taken.Do(func() {})
	<-s.launched // a process starts at once, or never
	if s.err != nil {
		return nil, s.err
	}
	open := openParams{Protocol: protocol, Memory: s.cfg.Memory, Target: t}
	if err := s.client.call(ctx, methodOpen, open, nil); err != nil {
		_ = s.client.Kill() // its own death is no news beside err
		return nil, err
	}
	return s.client, nil
}

// Drop ends a process that nothing was opened in; after Open it does nothing.
func (s *Starting) Drop() {
	s.taken.Do(func() {
		if <-s.launched; s.client != nil {
			_ = s.client.Kill() // it holds nothing
		}
	})
}
