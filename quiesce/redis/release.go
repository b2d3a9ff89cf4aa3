package redis

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// settingPause is what a pause is called in the journal and in the manifest;
// Ours is the time that no pause of ours outlasts.
const settingPause = "CLIENT PAUSE WRITE"

// clockGrain is by how much two readings of one clock may differ.
const clockGrain = 50 * time.Millisecond

func held(until time.Time) []manifest.Held {
	return []manifest.Held{{Setting: settingPause, Ours: until.UTC().Format(time.RFC3339Nano), Release: manifest.ByExpiry}}
}

// lastEnd leaves a ping, which puts the end off by hold, as much time again.
func lastEnd(hold time.Duration) time.Time { return time.Now().Add(2 * hold) }

// Plan tells of the pause, and of the time by which it is surely over. A
// server that Fence will refuse is planned nothing for.
func (s *session) Plan(ctx context.Context, fence bool, hold time.Duration) ([]manifest.Held, error) {
	if !fence {
		return nil, nil
	}
	facts, err := s.look(ctx)
	if err != nil || s.mayFence(facts, hold) != nil {
		return nil, err
	}
	if err := s.allowed(ctx, []any{"CLIENT", "PAUSE", 1, "WRITE"}, []any{"CLIENT", "UNPAUSE"}); err != nil {
		return nil, err
	}
	s.fence.until = lastEnd(hold)
	return held(s.fence.until), nil
}

// Release lets writers go on where a pause may still be ours.
func (s *session) Release(ctx context.Context, list []manifest.Held) error {
	for _, h := range list {
		until, err := time.Parse(time.RFC3339Nano, h.Ours)
		if h.Setting != settingPause || err != nil {
			return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: "nothing of lull's for " + s.name() + " is called " + strconv.Quote(h.Setting+" "+h.Ours)}
		}
		if err := s.unpause(ctx, until); err != nil {
			return err
		}
	}
	return nil
}

// unpause lifts a pause that ends by until at the latest: after that time
// there is none of ours, and one that lasts longer is somebody else's, where
// the server shows it. Where it does not, the pause of somebody who came after
// us goes with ours.
func (s *session) unpause(ctx context.Context, until time.Time) error {
	s.fence.surely = time.Time{}
	left := time.Until(until)
	if left <= 0 {
		return nil
	}
	facts, err := s.look(ctx)
	if err != nil || facts.showsPauses() && !(facts.paused() && s.ours(facts, left)) {
		return err
	}
	_, err = s.do(ctx, "letting writers go on", "CLIENT", "UNPAUSE")
	return err
}

func (s *session) ours(facts info, left time.Duration) bool {
	shown := time.Duration(facts.number("paused_timeout_milliseconds")) * time.Millisecond
	return facts["paused_reason"] == "client_pause" && shown <= left+clockGrain
}

// checkReleased sees that writers go on, where the server tells.
func (s *session) checkReleased(ctx context.Context, v *quiesce.Verdict) error {
	bound, cancel := context.WithTimeout(ctx, releaseTime)
	defer cancel()
	var last info
	err := s.poll(bound, func(facts info) (bool, error) {
		last = facts
		return !facts.paused() || s.fence.stands(time.Now()), nil
	})
	if err != nil && (!wait.Spent(err) || ctx.Err() != nil) {
		return err
	}
	if last.showsPauses() {
		v.Require("no pause holds writers back", err == nil,
			fmt.Sprintf("writers are held back for %s ms more: %s", last["paused_timeout_milliseconds"], last["paused_reason"]))
	}
	return nil
}

// releaseTime bounds the wait for a pause to be over.
const releaseTime = time.Second
