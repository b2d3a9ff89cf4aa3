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
	if err := k.rec.run(ctx, k.freezeSteps()); err != nil {
		err = errors.Join(err, k.release(ctx))
		k.hangUp()
		return err
	}
	if err := k.rec.run(ctx, k.surveySteps()); err != nil {
		k.warn(err.Error())
	}
	k.judge()
	start := time.Now()
	k.hangUp()
	k.rec.note("hang up", start, nil)
	return nil
}

func (k *Cut) freezeSteps() []step { return []step{{"freeze", k.freeze}} }
func (k *Cut) surveySteps() []step { return []step{{"survey", k.survey}} }

func (k *Cut) freeze(ctx context.Context) error {
	if err := k.runtime.Freeze(ctx); err != nil {
		return err
	}
	k.frozen = time.Now()
	if k.freezer == "" {
		if err := k.locate(ctx); err != nil {
			return errors.Join(err, k.thaw(ctx))
		}
	}
	if err := k.readBack(ctx); err != nil {
		return err
	}
	return k.settleAIO(ctx)
}

// readBack asks the kernel, because a runtime's word is not the freezer's.
func (k *Cut) readBack(ctx context.Context) error {
	frozen, err := k.freezer.Frozen()
	if err == nil && !frozen {
		err = fmt.Errorf("%s does not say frozen", k.freezer)
	}
	if err != nil {
		return errors.Join(err, k.thaw(ctx))
	}
	return nil
}

// judge raises the level to clean when a fence provably stood at the freeze
// and no write transaction was open.
func (k *Cut) judge() {
	if !k.fenced {
		return
	}
	if k.reason = k.unproven(); k.reason != nil {
		k.fenced, k.held = false, nil
		return
	}
	if k.tx.InFlight == 0 {
		k.level = manifest.Clean
	}
}

// unproven says why the fence may not have stood at the freeze. It stands as
// long as its connections do, and no longer than the server lets it.
func (k *Cut) unproven() error {
	if age := k.frozen.Sub(k.proof); age >= fenceHold {
		return fmt.Errorf("the fence was last proven %s before the freeze", age)
	}
	ours, err := k.ourSockets()
	if err == nil && (len(ours) == 0 || len(ours.In(procs.Established)) < len(ours)) {
		err = errors.New("the agent or one of its connections was gone before the freeze, and the fence with it")
	}
	return err
}

// survey records what listens and who is connected, ours excepted.
func (k *Cut) survey(context.Context) error {
	k.network.Mode = k.c.Network.Mode
	pids, err := processes(k.freezer, k.pid)
	if err != nil {
		return err
	}
	if k.sockets, err = procs.TCP(k.pid); err != nil {
		return err
	}
	held := procs.SocketInodes(pids)
	for _, a := range k.sockets.Listeners(held) {
		k.network.Listeners = append(k.network.Listeners, a.String())
	}
	k.network.Connections = len(k.sockets.Connections(held)) - k.ours()
	return nil
}

// ours counts the connections whose other end is the agent's.
func (k *Cut) ours() int {
	if k.session == nil {
		return 0
	}
	near, err := k.ourEnds()
	if err != nil {
		return 0
	}
	return len(k.sockets.FarEnds(near))
}

// Thaw lets the container run again, and releases what the hang-up did not.
func (k *Cut) Thaw(ctx context.Context) error {
	return errors.Join(k.thaw(ctx), k.insist(ctx), k.DropPrecopy())
}

// thaw goes through the runtime, and to the cgroup's own file when the runtime
// fails or the kernel says otherwise.
func (k *Cut) thaw(ctx context.Context) error {
	start := time.Now()
	err := k.runtime.Thaw(ctx)
	if k.freezer != "" {
		if direct := k.freezer.Thaw(ctx); direct != nil {
			err = errors.Join(err, direct)
		}
	}
	k.thawed = time.Now()
	k.rec.note("thaw", start, err)
	return err
}
