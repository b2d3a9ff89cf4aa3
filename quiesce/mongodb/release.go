package mongodb

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// settingLock is what the lock is called in the journal and in the manifest;
// Prior is how often the server was locked before, Ours the mark of our lock
// command.
const settingLock = "fsyncLock"

func held(mark string) []manifest.Held {
	return []manifest.Held{{Setting: settingLock, Prior: "0", Ours: mark, Release: manifest.ByStatement}}
}

// Plan tells of the lock. A server that Fence will refuse is planned nothing
// for.
func (s *session) Plan(ctx context.Context, fence bool, hold time.Duration) ([]manifest.Held, error) {
	if !fence {
		return nil, nil
	}
	err := s.mayFence(ctx, hold)
	if errors.Is(err, quiesce.ErrUnsupported) || errors.Is(err, quiesce.ErrBusy) || errors.Is(err, quiesce.ErrFence) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return held(s.fence.plan()), nil
}

// Release takes away one lock for each of ours. The session that took it, or
// did not come to it, knows; another one goes by the journal, where a server
// that is locked is locked by us.
func (s *session) Release(ctx context.Context, list []manifest.Held) error {
	for _, h := range list {
		if h.Setting != settingLock || h.Ours == "" {
			return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: "nothing of lull's for MongoDB is called " + strconv.Quote(h.Setting+" "+h.Ours)}
		}
		if err := s.unlock(ctx, h.Ours); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) unlock(ctx context.Context, mark string) error {
	if s.client == nil {
		return errClosed
	}
	if s.fence.is(mark) {
		return s.fence.lower(ctx)
	}
	if s.fence.done(mark) {
		return nil
	}
	if err := s.unlockMarked(ctx, mark); err != nil {
		return err
	}
	s.fence.note(mark)
	return nil
}
