package shim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/engine/commands"
	"github.com/lull-containers/lull/manifest"
)

// runner is commands.Runner for one container: it goes by the stock service,
// past the gate that keeps others' execs out.
type runner struct {
	service taskAPI.TTRPCTaskService
	c       *engine.Container
}

// commandEnd bounds what has to be done when a command is over, or is to be.
const commandEnd = 5 * time.Second

// Run runs argv in the container to its end. Nothing of it lives on when it
// returns an error, and nothing at all before a freeze.
func (r runner) Run(ctx context.Context, phase string, argv []string) (res commands.Result, err error) {
	id := "lull-" + phase + "-" + manifest.NewID()[:12]
	out, err := newCapture(r.c.Paths.State, id)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, out.close()) }()
	if err := r.create(ctx, id, phase, argv, out); err != nil {
		return res, err
	}
	defer r.remove(ctx, id)
	code, err := r.toItsEnd(ctx, id, phase, out)
	if err != nil {
		err = errors.Join(err, r.kill(ctx, id))
	}
	out.await(ctx)
	return commands.Result{Code: code, Stdout: out.stdout.text(), Stderr: out.stderr.text(), Truncated: out.stdout.more()}, err
}

// toItsEnd starts the process and waits for it, and before a freeze for all that
// it started. The start itself is never broken off half way: what runc has begun
// could not be found again.
func (r runner) toItsEnd(ctx context.Context, id, phase string, out *capture) (int, error) {
	if _, err := r.service.Start(context.WithoutCancel(ctx), &taskAPI.StartRequest{ID: r.c.ID, ExecID: id}); err != nil {
		return 0, native(err)
	}
	out.started()
	code, err := r.wait(ctx, id)
	if err == nil && phase == commands.PhaseQuiesce {
		err = r.alone(ctx, id)
	}
	return code, err
}

// create adds the process: the container's own, with other arguments.
func (r runner) create(ctx context.Context, id, phase string, argv []string, out *capture) error {
	if r.c.Spec.Process == nil {
		return errors.New("the container has no process to be like")
	}
	p := *r.c.Spec.Process
	p.Terminal, p.ConsoleSize, p.Args = false, nil, argv
	p.Env = append(append([]string{}, p.Env...), mark(id), "LULL_PHASE="+phase)
	spec, err := processSpec(&p)
	if err != nil {
		return err
	}
	_, err = r.service.Exec(ctx, &taskAPI.ExecProcessRequest{
		ID: r.c.ID, ExecID: id, Stdout: out.stdout.path, Stderr: out.stderr.path, Spec: spec,
	})
	return native(err)
}

func processSpec(p *specs.Process) (*anypb.Any, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return &anypb.Any{TypeUrl: "types.containerd.io/opencontainers/runtime-spec/1/Process", Value: data}, nil
}

// wait waits for the process's end, or ctx's.
func (r runner) wait(ctx context.Context, id string) (int, error) {
	type end struct {
		code int
		err  error
	}
	ended := make(chan end, 1)
	go func() {
		w, err := r.service.Wait(context.WithoutCancel(ctx), &taskAPI.WaitRequest{ID: r.c.ID, ExecID: id})
		if err != nil {
			ended <- end{err: native(err)}
			return
		}
		ended <- end{code: int(w.ExitStatus)}
	}()
	select {
	case e := <-ended:
		return e.code, e.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// alone waits until nothing is left of a command that has ended: what it left
// behind would be in the dump.
func (r runner) alone(ctx context.Context, id string) error {
	for {
		left, err := r.marked(ctx, id)
		if err != nil || len(left) == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d processes that it started still run: %w", len(left), ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// kill ends the process and whatever it started, wherever that has gone to, and
// waits until all of it is gone.
func (r runner) kill(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commandEnd)
	defer cancel()
	for {
		left, err := r.marked(ctx, id)
		if err != nil || len(left) == 0 {
			return err
		}
		for _, pid := range left {
			killMarked(pid, id)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d processes of the command do not die", len(left))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// remove takes the process, which has ended, off the stock service's books: its
// end is noted there a moment after it.
func (r runner) remove(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commandEnd)
	defer cancel()
	for ctx.Err() == nil {
		_, err := r.service.Delete(ctx, &taskAPI.DeleteRequest{ID: r.c.ID, ExecID: id})
		if err == nil || errdefs.IsNotFound(native(err)) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
