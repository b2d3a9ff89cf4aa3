package deep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/cio"

	"github.com/lull-containers/lull/internal/cleanup"
)

// notApplicable is a script's exit code when a check does not apply.
const notApplicable = 77

// maxDetail bounds what is told of a check, in bytes.
const maxDetail = 1 << 10

// run runs one check.
func (r *room) run(ctx context.Context, script string, c check) (Finding, error) {
	code, said, err := r.exec(ctx, c.step, append([]string{"sh", "-c", script, "deep", c.step}, r.server...))
	if err != nil {
		return Finding{}, err
	}
	f := Finding{Check: c.name, Outcome: Failed, Detail: oneLine(said)}
	switch {
	case code == 0:
		f.Outcome = OK
	case code == notApplicable:
		f.Outcome = Skipped
	case killed(code):
		return f, errors.New("it was killed, perhaps for want of memory")
	case f.Detail == "":
		f.Detail = fmt.Sprintf("exit code %d", code)
	}
	return f, nil
}

// exec runs a process in the container to its end.
func (r *room) exec(ctx context.Context, id string, args []string) (code uint32, said string, err error) {
	spec := r.process
	spec.Args = args
	var out, errs bytes.Buffer // each is filled by a goroutine of its own
	p, err := r.task.Exec(ctx, id, &spec, cio.NewCreator(cio.WithStreams(nil, &out, &errs)))
	if err != nil {
		return 0, "", err
	}
	defer func() {
		var undo cleanup.Stack
		undo.Push("process "+id, func(ctx context.Context) error {
			_, err := p.Delete(ctx, containerd.WithProcessKill)
			return err
		})
		err = errors.Join(err, undo.Run(ctx, undoTime))
		said = out.String() + " " + errs.String() // all of it, now
	}()
	ended, err := p.Wait(ctx)
	if err != nil {
		return 0, "", err
	}
	if err := p.Start(ctx); err != nil {
		return 0, "", err
	}
	select {
	case <-ctx.Done():
		return 0, "", context.Cause(ctx)
	case status := <-ended:
		p.IO().Wait() // Delete would cut off what is still on its way
		return status.ExitCode(), "", status.Error()
	}
}

// oneLine is what a program said, bounded.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxDetail {
		text = strings.ToValidUTF8(text[:maxDetail], "") + " …"
	}
	return text
}
