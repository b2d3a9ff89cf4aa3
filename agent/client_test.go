package agent_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lull-containers/lull/agent"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// limit bounds what hangs; no test depends on it.
const limit = time.Minute

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// binary is a copy of the test binary that every user may execute.
func binary(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	must(t, os.Chmod(filepath.Dir(folder), 0o711))
	must(t, os.Chmod(folder, 0o711))
	path := filepath.Join(folder, agent.Program)
	program, err := os.ReadFile("/proc/self/exe")
	must(t, err)
	must(t, os.WriteFile(path, program, 0o755))
	return path
}

// buffer is an io.Writer for another goroutine.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func start(t *testing.T, act string) (*agent.Client, *buffer) {
	t.Helper()
	var stderr buffer
	c, err := agent.Start(within(t), agent.Config{Binary: binary(t), Stderr: &stderr}, target(act))
	must(t, err)
	t.Cleanup(func() { _ = c.Kill() })
	return c, &stderr
}

func TestCallsAreCarriedBothWays(t *testing.T) {
	c, _ := start(t, "")
	ctx := within(t)
	type answers struct {
		Report   quiesce.Report
		Drained  manifest.Transactions
		Held     []manifest.Held
		Evidence manifest.Database
		InFlight int
		Verdict  quiesce.Verdict
	}
	var got answers
	var errs [8]error
	got.Report, errs[0] = c.Preflight(ctx)
	errs[1] = c.Flush(ctx)
	got.Drained, errs[2] = c.Drain(ctx, 5*time.Second, quiesce.Terminate)
	got.Held, errs[3] = c.Fence(ctx, 30*time.Second)
	errs[4] = c.Ping(ctx)
	got.Evidence, errs[5] = c.Evidence(ctx)
	got.InFlight, errs[6] = c.InFlight(ctx)
	got.Verdict, errs[7] = c.Verify(ctx, manifest.Database{Engine: "recorded"})
	must(t, errors.Join(errs[:]...))
	want := answers{
		Report:   quiesce.Report{Version: "1", Role: "fake", Warnings: []string{"a", "b"}},
		Drained:  manifest.Transactions{AtStart: 5, Drained: len("terminate")},
		Held:     []manifest.Held{{Setting: "30s", Release: "session"}},
		Evidence: manifest.Database{Engine: "fake", Identity: map[string]string{"line": "one\ntwo"}},
		InFlight: 3,
		Verdict:  quiesce.Verdict{Checked: []string{"recorded"}, Broken: []string{"all"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsKeepTheirClassAndText(t *testing.T) {
	for _, c := range []struct {
		act     string
		classes []error
		text    string
	}{
		{"refuse", []error{quiesce.ErrBusy}, "what is wrong; what to do"},
		{"both", []error{quiesce.ErrFence, context.DeadlineExceeded}, "the fence could not be set or did not hold context deadline exceeded"},
		{"tell", nil, "login failed for fake:[secret]"},
	} {
		t.Run(c.act, func(t *testing.T) {
			client, _ := start(t, c.act)
			err := client.Flush(within(t))
			if err == nil || err.Error() != c.text {
				t.Errorf("got %q, want %q", err, c.text)
			}
			for _, class := range c.classes {
				if !errors.Is(err, class) {
					t.Errorf("%v is no %v", err, class)
				}
			}
			if errors.Is(err, quiesce.ErrAgent) {
				t.Error("a driver's error became the agent's")
			}
			must(t, client.Ping(within(t)))
		})
	}
}

func TestStartPassesOnWhatOpenSaid(t *testing.T) {
	_, err := agent.Start(within(t), agent.Config{Binary: binary(t)}, target("open refuse"))
	if !errors.Is(err, quiesce.ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	unknown := target("")
	unknown.Engine = "oracle"
	_, err = agent.Start(within(t), agent.Config{Binary: binary(t)}, unknown)
	if !errors.Is(err, quiesce.ErrUnsupported) {
		t.Errorf("an unknown engine: got %v, want ErrUnsupported", err)
	}
}

func TestStartRefusesWhatCannotWork(t *testing.T) {
	for name, cfg := range map[string]agent.Config{
		"no binary":      {},
		"missing binary": {Binary: "/nonexistent/lull-agent"},
		"no memory":      {Binary: binary(t), Memory: 1 << 20},
		"no namespace":   {Binary: binary(t), NetNS: "/nonexistent/netns"},
		"other program":  {Binary: "/bin/true"},
	} {
		c, err := agent.Start(within(t), cfg, target(""))
		if err == nil {
			_ = c.Kill()
			t.Errorf("%s: started", name)
		}
	}
}

// TestADriversOwnDeadline: its error arrives before the kill.
func TestADriversOwnDeadline(t *testing.T) {
	c, _ := start(t, "wait")
	ctx, cancel := context.WithTimeout(within(t), 2*time.Second)
	defer cancel()
	err := c.Flush(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, quiesce.ErrAgent) {
		t.Errorf("got %v, want the driver's own DeadlineExceeded", err)
	}
	must(t, c.Ping(within(t)))
}

func TestCloseIsFriendly(t *testing.T) {
	c, stderr := start(t, "")
	must(t, c.Close())
	must(t, c.Close())
	if alive(c.Pid()) {
		t.Error("the process outlived Close")
	}
	eventually(t, "the driver's Close was called", func() bool {
		return strings.Contains(stderr.String(), "closed in so many words")
	})
}

// reaper starts as a program does that reaps every child itself.
type reaper struct{}

func (reaper) Start(cmd *exec.Cmd) (func() error, error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	pid := cmd.Process.Pid
	return func() error {
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
			return err
		}
		if status.Signaled() {
			return errors.New(status.Signal().String())
		}
		return nil
	}, nil
}

func TestAStarterOfTheCallers(t *testing.T) {
	c, err := agent.Start(within(t), agent.Config{Binary: binary(t), Starter: reaper{}, Stderr: io.Discard}, target("exit 0"))
	must(t, err)
	if err := c.Flush(within(t)); !errors.Is(err, quiesce.ErrAgent) {
		t.Errorf("got %v, want ErrAgent", err)
	}
	must(t, c.Kill())
	if alive(c.Pid()) {
		t.Error("the process was not reaped")
	}
}
