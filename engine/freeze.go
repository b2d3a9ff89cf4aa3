package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lull-containers/lull/internal/procs"
	"github.com/lull-containers/lull/manifest"
)

// Freeze freezes the container, proves the fence, reads the connections and
// hangs up. An error is the runtime's own, and nothing is frozen then.
func (k *Cut) Freeze(ctx context.Context) error {
	if err := k.rec.run(ctx, []step{{"freeze", k.freeze}}); err != nil {
		k.hangUp()
		return err
	}
	k.judge()
	k.survey()
	start := time.Now()
	k.hangUp()
	k.rec.note("hang up", start, nil)
	return nil
}

func (k *Cut) freeze(ctx context.Context) error {
	if err := k.runtime.Freeze(ctx); err != nil {
		return err
	}
	k.frozen = time.Now()
	if k.freezer == "" {
		if err := k.locate(ctx); err != nil {
			return errors.Join(err, k.Thaw(ctx))
		}
	}
	return k.readBack(ctx)
}

// readBack asks the kernel, because a runtime's word is not the freezer's.
func (k *Cut) readBack(ctx context.Context) error {
	frozen, err := k.freezer.Frozen()
	if err == nil && !frozen {
		err = fmt.Errorf("%s does not say frozen", k.freezer)
	}
	if err != nil {
		return errors.Join(err, k.Thaw(ctx))
	}
	return nil
}

// judge raises the level to clean when a fence provably stood at the freeze
// and no write transaction was open.
func (k *Cut) judge() {
	if !k.fenced {
		return
	}
	if age := k.frozen.Sub(k.proof); age >= fenceHold {
		k.fenced = false
		k.reason = fmt.Errorf("the fence was last proven %s before the freeze", age)
		return
	}
	if k.tx.InFlight == 0 {
		k.level = manifest.Clean
	}
}

// survey records what listens and who is connected, ours excepted.
func (k *Cut) survey() {
	k.network.Mode = k.c.Network.Mode
	pids, err := processes(k.freezer, k.pid)
	if err != nil {
		k.warn(fmt.Sprintf("processes: %v", err))
		return
	}
	addrs, err := procs.Listeners(pids)
	for _, a := range addrs {
		k.network.Listeners = append(k.network.Listeners, a.String())
	}
	conns, err2 := procs.Connections(pids)
	k.network.Connections = len(conns) - k.ours(conns)
	if err = errors.Join(err, err2); err != nil {
		k.warn(fmt.Sprintf("sockets: %v", err))
	}
}

// ours counts the connections whose other end is the agent's.
func (k *Cut) ours(conns []procs.Socket) (n int) {
	if k.session == nil {
		return 0
	}
	agent, err := procs.Connections([]int{k.session.Pid()})
	if err != nil {
		return 0
	}
	for _, c := range conns {
		if anyPeer([]procs.Socket{c}, agent) {
			n++
		}
	}
	return n
}

// Thaw lets the container run again: through the runtime, and by the cgroup's
// own file when the runtime fails or the kernel says otherwise.
func (k *Cut) Thaw(ctx context.Context) error {
	start := time.Now()
	err := k.runtime.Thaw(ctx)
	if k.freezer != "" {
		if direct := k.freezer.Thaw(ctx); direct != nil {
			err = errors.Join(err, direct)
		}
	}
	k.rec.note("thaw", start, err)
	return err
}
