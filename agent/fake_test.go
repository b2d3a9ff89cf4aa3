package agent_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/agent"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// The test binary is its own agent, with drivers that misbehave as the
// target's label "act" says.
func TestMain(m *testing.M) {
	if os.Args[0] == agent.Program {
		os.Exit(agent.Main(os.Stdin, os.Stdout, []quiesce.Driver{fake{}}))
	}
	os.Exit(m.Run())
}

const canary = "canary-Tr0ub4dor"

func target(act string) quiesce.Target {
	return quiesce.Target{
		Engine:   "fake",
		Password: canary,
		Env:      map[string]string{"FAKE_PASSWORD": canary},
		Labels:   map[string]string{"act": act},
	}
}

type fake struct{}

func (fake) Name() string { return "fake" }

func (fake) Open(ctx context.Context, t quiesce.Target) (quiesce.Session, error) {
	s := &session{act: t.Labels["act"], password: t.Password}
	if open, ok := strings.CutPrefix(s.act, "open "); ok {
		s.act = open
		return nil, s.misbehave(ctx)
	}
	return s, nil
}

// session misbehaves in Flush and tells in the rest what it was asked.
type session struct{ act, password string }

func (s *session) Flush(ctx context.Context) error { return s.misbehave(ctx) }

// misbehave never comes back from what ends or hangs the process.
func (s *session) misbehave(ctx context.Context) error {
	switch s.act {
	case "panic":
		panic("of the driver's, with " + s.password)
	case "panic aside":
		go panic("in a goroutine of the driver's")
		select {}
	case "hang":
		select {}
	case "wait":
		<-ctx.Done()
		return fmt.Errorf("the driver's own: %w", ctx.Err())
	case "exit":
		os.Exit(7)
	case "exit 0":
		os.Exit(0)
	case "eat":
		for hoard := [][]byte{}; ; {
			hoard = append(hoard, make([]byte, 1<<20))
			for i := range hoard[len(hoard)-1] {
				hoard[len(hoard)-1][i] = 1
			}
		}
	}
	return s.say()
}

// say writes what is no answer, or fails in words.
func (s *session) say() error {
	switch s.act {
	case "garbage":
		fmt.Println("what is no answer")
	case "unasked":
		fmt.Println(`{"id":99}`)
	case "half":
		fmt.Print(`{"id":`)
		os.Exit(0)
	case "endless":
		fmt.Print(strings.Repeat("x", 2<<20))
	case "chatter":
		fmt.Fprint(os.Stderr, strings.Repeat("chatter ", 1<<17))
	case "tell":
		return errors.New("login failed for fake:" + s.password)
	case "refuse":
		return &quiesce.Refusal{Class: quiesce.ErrBusy, What: "what is wrong", Remedy: "what to do"}
	case "both":
		return errors.Join(quiesce.ErrFence, context.DeadlineExceeded)
	}
	return nil
}

func (s *session) Preflight(context.Context) (quiesce.Report, error) {
	return quiesce.Report{Version: "1", Role: "fake", Warnings: []string{"a", "b"}}, nil
}

func (s *session) Plan(_ context.Context, fence bool, hold time.Duration) ([]manifest.Held, error) {
	return []manifest.Held{{Setting: fmt.Sprint(fence, hold), Release: manifest.ByExpiry}}, nil
}

func (s *session) Release(_ context.Context, held []manifest.Held) error {
	if len(held) != 1 {
		return fmt.Errorf("%d are held", len(held))
	}
	return nil
}

func (s *session) Drain(_ context.Context, wait time.Duration, p quiesce.Policy) (manifest.Transactions, error) {
	return manifest.Transactions{AtStart: int(wait / time.Second), Drained: len(p)}, nil
}

func (s *session) Fence(_ context.Context, hold time.Duration) ([]manifest.Held, error) {
	return []manifest.Held{{Setting: hold.String(), Release: "session"}}, nil
}

func (s *session) Ping(context.Context) error { return nil }

func (s *session) Evidence(context.Context) (manifest.Database, error) {
	d := manifest.Database{Engine: "fake", Identity: map[string]string{"line": "one\ntwo"}}
	if s.act == "tome" {
		d.Identity["tome"] = strings.Repeat("x", 2<<20)
	}
	return d, nil
}

func (s *session) InFlight(context.Context) (int, error) { return 3, nil }

func (s *session) Verify(_ context.Context, recorded manifest.Database) (quiesce.Verdict, error) {
	return quiesce.Verdict{Checked: []string{recorded.Engine}, Broken: []string{"all"}}, nil
}

func (s *session) Close() error {
	fmt.Fprintln(os.Stderr, "closed in so many words")
	return nil
}
