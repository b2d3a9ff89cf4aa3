package engine

import (
	"errors"
	"fmt"
	"time"

	"github.com/lull-containers/lull/internal/procs"
)

// hangUp ends the agent, and waits until the server side has seen it: the
// server then drops, when it runs again, what the session held, and a dump
// finds no connection of ours.
func (k *Cut) hangUp() {
	if k.session == nil {
		return
	}
	ours, err := k.ourEnds()
	err = errors.Join(err, k.session.Kill(), k.awaitGone(ours))
	k.session = nil
	if err != nil {
		k.warn(fmt.Sprintf("hang up: %v", err))
	}
}

// ourEnds are the agent's connections.
func (k *Cut) ourEnds() (procs.Table, error) {
	all, err := k.ourSockets()
	return all.In(procs.Established), err
}

// ourSockets are the agent's TCP sockets in any state. It lives in the
// container's network namespace, so one table shows both ends.
func (k *Cut) ourSockets() (procs.Table, error) {
	if k.sockets == nil {
		var err error
		if k.sockets, err = procs.TCP(k.pid); err != nil {
			return nil, err
		}
	}
	return k.sockets.Held(procs.SocketInodes([]int{k.session.Pid()})), nil
}

// awaitGone polls until no server-side socket of ours is established.
func (k *Cut) awaitGone(ours procs.Table) error {
	const tries = 50
	for range tries {
		now, err := procs.TCP(k.pid)
		if err != nil || len(now.FarEnds(ours)) == 0 {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
	return errors.New("the server still has our connection")
}
