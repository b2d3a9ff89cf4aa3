package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/lull-containers/lull/internal/failpoint"
	"github.com/lull-containers/lull/quiesce"
)

// guarded does the call; a driver's panic is its error. The stack goes to
// standard error, without the panic's value, which may hold a secret.
func (s *server) guarded(r request) (result json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(os.Stderr, "lull-agent: a driver panicked in %s\n%s", r.Method, debug.Stack())
			err = broken(fmt.Sprintf("has a driver that panicked in %s: %v", r.Method, p), nil)
		}
	}()
	ctx, cancel := r.context()
	defer cancel()
	answer, err := s.do(ctx, r)
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}

func (r request) context() (context.Context, context.CancelFunc) {
	if r.Deadline <= 0 {
		return context.WithCancel(context.Background())
	}
	return context.WithTimeout(context.Background(), time.Duration(r.Deadline)*time.Millisecond)
}

func (s *server) do(ctx context.Context, r request) (any, error) {
	if err := failpoint.Hit("agent." + r.Method); err != nil {
		return nil, err
	}
	if r.Method == methodOpen {
		return nil, s.open(ctx, r)
	}
	if s.session == nil {
		return nil, broken("has no session for "+r.Method, nil)
	}
	return s.prepare(ctx, r)
}

// prepare, call and testify are the table of the session's methods, in the
// order of its interfaces.
func (s *server) prepare(ctx context.Context, r request) (any, error) {
	switch r.Method {
	case methodPreflight:
		return s.session.Preflight(ctx)
	case methodPlan:
		p, err := decode[planParams](r)
		if err != nil {
			return nil, err
		}
		return s.session.Plan(ctx, p.Fence, p.Hold)
	case methodRelease:
		p, err := decode[releaseParams](r)
		if err != nil {
			return nil, err
		}
		return nil, s.session.Release(ctx, p.Held)
	}
	return s.call(ctx, r)
}

func (s *server) call(ctx context.Context, r request) (any, error) {
	switch r.Method {
	case methodFlush:
		return nil, s.session.Flush(ctx)
	case methodDrain:
		p, err := decode[drainParams](r)
		if err != nil {
			return nil, err
		}
		return s.session.Drain(ctx, p.Wait, p.Policy)
	case methodFence:
		p, err := decode[fenceParams](r)
		if err != nil {
			return nil, err
		}
		return s.session.Fence(ctx, p.Hold)
	case methodPing:
		return nil, s.session.Ping(ctx)
	}
	return s.testify(ctx, r)
}

func (s *server) testify(ctx context.Context, r request) (any, error) {
	switch r.Method {
	case methodEvidence:
		return s.session.Evidence(ctx)
	case methodInFlight:
		return s.session.InFlight(ctx)
	case methodVerify:
		p, err := decode[verifyParams](r)
		if err != nil {
			return nil, err
		}
		return s.session.Verify(ctx, p.Recorded)
	case methodPendingIO:
		return s.pendingIO(ctx)
	case methodExecute:
		return nil, s.execute(ctx, r)
	case methodClose:
		return nil, s.session.Close()
	}
	return s.validate(ctx, r)
}

// validate does what not every driver can.
func (s *server) validate(ctx context.Context, r request) (any, error) {
	v, ok := s.session.(quiesce.Validator)
	if !ok {
		v = mute{}
	}
	switch r.Method {
	case methodAsk:
		p, err := decode[askParams](r)
		if err != nil {
			return nil, err
		}
		return v.Ask(ctx, p.Query)
	case methodWrites:
		return v.Writes(ctx)
	}
	return nil, broken("knows no method of this name", nil)
}

func (s *server) pendingIO(ctx context.Context) (int, error) {
	w, ok := s.session.(quiesce.IOWitness)
	if !ok {
		return 0, &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: "the server does not tell which of its requests to storage are under way"}
	}
	return w.PendingIO(ctx)
}

func (s *server) execute(ctx context.Context, r request) error {
	p, err := decode[executeParams](r)
	if err != nil {
		return err
	}
	e, ok := s.session.(quiesce.Executor)
	if !ok {
		return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: "lull runs no statements in this database", Remedy: "leave out lull/on-clone"}
	}
	return e.Execute(ctx, p.Statements)
}

func decode[T any](r request) (p T, err error) {
	if json.Unmarshal(r.Params, &p) != nil {
		err = broken("was asked wrongly for "+r.Method, nil)
	}
	return p, err
}

func (s *server) open(ctx context.Context, r request) error {
	p, err := decode[openParams](r)
	if err != nil {
		return err
	}
	s.secrets = secrets(p.Target)
	if p.Protocol != protocol {
		return broken(fmt.Sprintf("speaks protocol %d, not %d", protocol, p.Protocol), nil)
	}
	if s.session != nil {
		return broken("has a session already", nil)
	}
	if err := s.confine(p.Memory); err != nil {
		return broken("could not be confined", err)
	}
	driver, err := s.driver(p.Target.Engine)
	if err != nil {
		return err
	}
	session, err := driver.Open(ctx, p.Target)
	if err == nil {
		s.session = session
	}
	return err
}

func (s *server) driver(name string) (quiesce.Driver, error) {
	for _, d := range s.drivers {
		if d.Name() == name {
			return d, nil
		}
	}
	return nil, &quiesce.Refusal{
		Class:  quiesce.ErrUnsupported,
		What:   fmt.Sprintf("no driver for the engine %q", name),
		Remedy: "the label lull/engine names it; lull/engine=none switches lull off",
	}
}
