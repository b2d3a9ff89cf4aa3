package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lull-containers/lull/internal/freezer"
	"github.com/lull-containers/lull/internal/netgate"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/quiesce"
)

func (r *Restore) verify(ctx context.Context) error {
	pid, err := r.runtime.Pid(ctx)
	if err != nil {
		return err
	}
	f, err := freezer.Of(pid)
	if err != nil {
		return err
	}
	s, err := r.connect(ctx, pid, f)
	if err != nil {
		return rpccode.Wrap(rpccode.Evidence, fmt.Errorf("the restored database does not answer: %w", err))
	}
	return errors.Join(r.settle(ctx, s), s.Kill())
}

// settle releases what the image still holds and compares.
func (r *Restore) settle(ctx context.Context, s Session) error {
	if lasting := lastingOf(r.manifest.Held); len(lasting) > 0 {
		if err := s.Release(ctx, lasting); err != nil {
			return rpccode.Wrap(rpccode.Evidence, fmt.Errorf("release what the image still holds: %w", err))
		}
	}
	if err := r.compare(ctx, s); err != nil {
		return err
	}
	return r.onClone(ctx, s)
}

// connect tries until the database lets the agent in or ctx ends.
func (r *Restore) connect(ctx context.Context, pid int, f freezer.File) (Session, error) {
	for {
		s, err := r.tryConnect(ctx, pid, f)
		if err == nil || errors.Is(err, quiesce.ErrAuth) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (r *Restore) tryConnect(ctx context.Context, pid int, f freezer.File) (Session, error) {
	var ports []uint16
	if r.gate != nil {
		ports = netgate.AgentPorts()
	}
	target, err := targetOf(r.c, pid, f, ports)
	if err != nil {
		return nil, err
	}
	return r.sessions.Begin().Open(ctx, target)
}

func (r *Restore) compare(ctx context.Context, s Session) error {
	if r.manifest.Database.Identity == nil {
		v := quiesce.Verdict{Checked: []string{"the database answers; the checkpoint recorded no evidence"}}
		return r.conclude(v)
	}
	recorded := r.manifest.Database
	if r.cold {
		recorded = quiesce.ColdStart(recorded)
	}
	v, err := s.Verify(ctx, recorded)
	if err != nil {
		return rpccode.Wrap(rpccode.Evidence, err)
	}
	if len(v.Broken) == 0 {
		if err := r.revalidate(ctx, s, &v); err != nil {
			return err
		}
	}
	return r.conclude(v)
}

func (r *Restore) conclude(v quiesce.Verdict) error {
	r.checked = v.Checked
	if len(v.Broken) > 0 {
		return rpccode.Wrap(rpccode.Evidence, fmt.Errorf("the restored database is not the one that was checkpointed: %s", v.Broken[0]))
	}
	return nil
}
