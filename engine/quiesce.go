package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/freezer"
	"github.com/lull-containers/lull/internal/procs"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// The modes of lull/mode.
const (
	modeFlush = "flush"
	modeFence = "fence"
	modeNone  = "none"
)

// fenceHold is the server-side timeout of a fence: it lets go by itself after
// this long even if nobody closes its session.
const fenceHold = 30 * time.Second

// Quiesce brings the database as close to clean as the mode asks and ctx
// allows. It returns no error: what failed is Reason, and the level is then
// crash-consistent, however far it came: a flush that nobody witnessed proves
// nothing. Only the session's own locks are held afterwards.
func (k *Cut) Quiesce(ctx context.Context) {
	if k.reason = k.rec.run(ctx, k.findSteps()); k.reason == nil && k.mode() != modeNone {
		k.calm(ctx)
	}
}

// calm talks to the database.
func (k *Cut) calm(ctx context.Context) {
	if k.reason = k.rec.run(ctx, k.quiesceSteps()); k.reason != nil {
		k.fenced, k.held = false, nil
		k.reason = errors.Join(k.reason, k.release(ctx))
		k.hangUp()
		return
	}
	k.level = manifest.Flushed
}

func (k *Cut) findSteps() []step {
	return []step{{"locate", k.locate}, {"process tree", k.processTree}}
}

func (k *Cut) quiesceSteps() []step {
	steps := []step{
		{"connect", k.connect},
		{"preflight", k.preflight},
		{"plan", k.plan},
		{"flush", k.flush},
		{"drain", k.drain},
	}
	if k.mode() == modeFence {
		steps = append(steps, step{"fence", k.fence}, step{"flush again", k.flush})
	}
	return append(steps, step{"evidence", k.evidence}, step{"prove", k.prove})
}

// mode is the label's, or the engine's default: flush, because the freeze is
// the consistency point and a fence must earn its cost; fence where it is
// short and dies by itself.
func (k *Cut) mode() string {
	if m := k.c.Settings.Mode; m != "" {
		return m
	}
	switch k.c.Found.Engine {
	case quiesce.MySQL, quiesce.MariaDB, quiesce.Redis, quiesce.Valkey:
		return modeFence
	}
	return modeFlush
}

// processTree looks for what CRIU cannot dump. It is no reason not to freeze.
func (k *Cut) processTree(context.Context) error {
	pids, err := processes(k.freezer, k.pid)
	if err != nil {
		return err
	}
	for _, f := range criu.Preflight(pids) {
		switch f.Severity {
		case criu.Fail:
			k.obstacle = errors.Join(k.obstacle, fmt.Errorf("%s; %s", f.What, f.Remedy))
		case criu.Warn:
			k.warn(f.What)
		}
	}
	return nil
}

func (k *Cut) connect(ctx context.Context) error {
	target, err := k.target(nil)
	if err != nil {
		return err
	}
	k.session, err = k.sessions.Open(ctx, target)
	return err
}

// target gathers what a driver may know.
func (k *Cut) target(ports []uint16) (quiesce.Target, error) {
	return targetOf(k.c, k.pid, k.freezer, ports)
}

func targetOf(c *Container, pid int, f freezer.File, ports []uint16) (quiesce.Target, error) {
	pids, err := processes(f, pid)
	if err != nil {
		return quiesce.Target{}, err
	}
	table, err := procs.TCP(pid)
	if err != nil {
		return quiesce.Target{}, err
	}
	addrs := table.Listeners(procs.SocketInodes(pids))
	if len(addrs) == 0 {
		return quiesce.Target{}, &quiesce.Refusal{Class: quiesce.ErrNotReady,
			What:   "no process of the container listens on TCP",
			Remedy: "wait until the database has started, or let it listen on 127.0.0.1"}
	}
	env := c.Env()
	password, err := passwordOf(c, pid, env)
	if err != nil {
		return quiesce.Target{}, err
	}
	labels := c.LullLabels()
	return quiesce.Target{
		Engine: c.Found.Engine, Listeners: addrs, LocalPorts: ports,
		Env: env, Labels: labels, User: labels["user"], Password: password,
	}, nil
}

func (k *Cut) preflight(ctx context.Context) error {
	report, err := k.session.Preflight(ctx)
	k.db.Version, k.db.Role = report.Version, report.Role
	k.warnings = append(k.warnings, report.Warnings...)
	return err
}

func (k *Cut) flush(ctx context.Context) error { return k.session.Flush(ctx) }

func (k *Cut) drain(ctx context.Context) (err error) {
	policy := quiesce.Policy(k.c.Settings.InFlight)
	k.tx, err = k.session.Drain(ctx, k.c.Settings.DrainTimeout, policy)
	return err
}

func (k *Cut) fence(ctx context.Context) (err error) {
	k.held, err = k.session.Fence(ctx, fenceHold)
	k.fenced = err == nil
	return err
}

func (k *Cut) evidence(ctx context.Context) error {
	db, err := k.session.Evidence(ctx)
	if err != nil {
		return err
	}
	db.Engine, db.DetectedBy = k.db.Engine, k.db.DetectedBy
	k.db = db
	if k.tx.InFlight, err = k.session.InFlight(ctx); err != nil {
		return err
	}
	return nil
}

// prove asks whether the fence still stands: the last thing before the freeze.
func (k *Cut) prove(ctx context.Context) error {
	if !k.fenced {
		return nil
	}
	asked := time.Now()
	if err := k.session.Ping(ctx); err != nil {
		return err
	}
	k.proof = asked
	return nil
}

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
