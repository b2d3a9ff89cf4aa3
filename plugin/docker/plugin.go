package docker

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/docker/go-plugins-helpers/authorization"
)

// Advisor knows what lull thinks of a call. A Refusal stops the call; any other
// error is logged, and the call goes on. Its methods end with their context.
type Advisor interface {
	// BeforeCheckpoint looks for what would make the checkpoint fail, and tells
	// the shim what its next pause is for.
	BeforeCheckpoint(context.Context, Call) error
	// AfterCheckpoint takes that back, however the call ended.
	AfterCheckpoint(context.Context, Call) error
	// BeforeRestore looks for what would make the restore fail, and clears what
	// is in its way.
	BeforeRestore(context.Context, Call) error
	// AfterStart looks whether lull serves the database that was started.
	AfterStart(context.Context, Call) error
	// BeforeRemove saves checkpoints, which go with the container.
	BeforeRemove(context.Context, Call) error
	// BeforePrune saves those of all containers that do not run.
	BeforePrune(context.Context, Call) error
}

// Refusal is an error that stops a call. Its text is for the user, remedy
// included.
type Refusal struct{ Text string }

func (r *Refusal) Error() string { return r.Text }

// Plugin answers dockerd.
type Plugin struct {
	// Advisor gives the one for an answer; an error is logged like the Advisor's
	// own.
	Advisor  func() (Advisor, error)
	Patience time.Duration // for one answer
	Log      func(format string, args ...any)
}

// AuthZReq is asked before dockerd does what a call wants.
func (p *Plugin) AuthZReq(r authorization.Request) authorization.Response {
	c := read(r.RequestMethod, r.RequestURI, r.RequestBody)
	return p.answer(c, map[verb]advice{
		checkpoint: Advisor.BeforeCheckpoint,
		restore:    Advisor.BeforeRestore,
		remove:     Advisor.BeforeRemove,
		prune:      Advisor.BeforePrune,
	}[c.verb])
}

// AuthZRes is asked before dockerd's answer goes out. It is never refused: what
// was done is done. A start does not wait for what is only logged.
func (p *Plugin) AuthZRes(r authorization.Request) authorization.Response {
	c := read(r.RequestMethod, r.RequestURI, r.RequestBody)
	switch c.verb {
	case checkpoint:
		p.answer(c, Advisor.AfterCheckpoint)
	case start, restore:
		go p.answer(c, Advisor.AfterStart)
	}
	return authorization.Response{Allow: true}
}

type advice func(Advisor, context.Context, Call) error

// answer asks for advice, and waits for it as long as its patience lasts.
func (p *Plugin) answer(c call, ask advice) authorization.Response {
	if ask == nil {
		return authorization.Response{Allow: true}
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.Patience)
	defer cancel()
	said := make(chan error, 1)
	go func() { said <- p.guarded(ctx, c.Call, ask) }()
	select {
	case err := <-said:
		return p.verdict(c, err)
	case <-ctx.Done():
		return p.verdict(c, p.late(c))
	}
}

// late is what is said when its patience has run out. A removal would take away
// what is just being saved; the saving goes on.
func (p *Plugin) late(c call) error {
	switch c.verb {
	case remove:
		return &Refusal{"lull is still saving the checkpoints of " + c.Container + ": repeat docker rm"}
	case prune:
		return &Refusal{"lull is still saving the checkpoints of containers that do not run: repeat the prune"}
	}
	return fmt.Errorf("no answer within %s", p.Patience)
}

func (p *Plugin) verdict(c call, err error) authorization.Response {
	var no *Refusal
	if errors.As(err, &no) {
		return authorization.Response{Msg: strings.ReplaceAll(no.Text, "\n", "; ")}
	}
	if err != nil {
		p.Log("container %s: %v", c.Container, err)
	}
	return authorization.Response{Allow: true}
}

// guarded makes a panic an error: dockerd must not suffer from it.
func (p *Plugin) guarded(ctx context.Context, c Call, ask advice) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	a, err := p.Advisor()
	if err != nil {
		return err
	}
	return ask(a, ctx, c)
}
