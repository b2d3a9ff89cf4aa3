package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lull-containers/lull/agent"
	"github.com/lull-containers/lull/quiesce"
)

// alive is true for a process that is there, also as a zombie.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for ctx := within(t); !so(); time.Sleep(5 * time.Millisecond) {
		if ctx.Err() != nil {
			t.Fatalf("never: %s", what)
		}
	}
}

// ended expects an ErrAgent without the password, and no process.
func ended(t *testing.T, c *agent.Client, err error) {
	t.Helper()
	if !errors.Is(err, quiesce.ErrAgent) {
		t.Errorf("got %v, want ErrAgent", err)
	}
	if err != nil && strings.Contains(err.Error(), canary) {
		t.Errorf("the password is told: %v", err)
	}
	if alive(c.Pid()) {
		t.Error("the process is still there")
	}
	if err := c.Ping(within(t)); !errors.Is(err, quiesce.ErrAgent) {
		t.Errorf("ping to a dead agent: got %v, want ErrAgent", err)
	}
}

// TestWhatADriverMayDo: whatever it is, the caller gets ErrAgent.
func TestWhatADriverMayDo(t *testing.T) {
	for _, act := range []string{"exit", "exit 0", "eat", "panic aside", "garbage", "half", "endless"} {
		t.Run(act, func(t *testing.T) {
			c, stderr := start(t, act)
			ended(t, c, c.Flush(within(t)))
			if strings.Contains(stderr.String(), canary) {
				t.Error("the password is on standard error")
			}
		})
	}
}

func TestAnAnswerThatNobodyAskedFor(t *testing.T) {
	c, _ := start(t, "unasked")
	err := c.Flush(within(t))
	if err == nil {
		err = c.Flush(within(t))
	}
	ended(t, c, err)
}

func TestAnAnswerTooLong(t *testing.T) {
	c, _ := start(t, "tome")
	if _, err := c.Evidence(within(t)); !errors.Is(err, quiesce.ErrAgent) {
		t.Errorf("got %v, want ErrAgent", err)
	}
	must(t, c.Ping(within(t)))
}

func TestAQuestionTooLong(t *testing.T) {
	long := target("")
	long.Env["X"] = strings.Repeat("x", 2<<20)
	if _, err := agent.Start(within(t), agent.Config{Binary: binary(t)}, long); !errors.Is(err, quiesce.ErrAgent) {
		t.Errorf("got %v, want ErrAgent", err)
	}
}

func TestAPanicCostsTheCallOnly(t *testing.T) {
	c, stderr := start(t, "panic")
	err := c.Flush(within(t))
	if !errors.Is(err, quiesce.ErrAgent) || !strings.Contains(err.Error(), "panicked in flush") {
		t.Errorf("got %v, want ErrAgent that says so", err)
	}
	must(t, c.Ping(within(t)))
	eventually(t, "the stack is on standard error", func() bool { return strings.Contains(stderr.String(), "misbehave") })
	for where, text := range map[string]string{"error": err.Error(), "standard error": stderr.String()} {
		if strings.Contains(text, canary) {
			t.Errorf("the password is told in the %s: %s", where, text)
		}
	}
}

func TestAHangEndsWithTheContext(t *testing.T) {
	t.Run("deadline", func(t *testing.T) {
		c, _ := start(t, "hang")
		ctx, cancel := context.WithTimeout(within(t), 50*time.Millisecond)
		defer cancel()
		err := c.Flush(ctx)
		ended(t, c, err)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v does not say that the time ran out", err)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		c, _ := start(t, "hang")
		ctx, cancel := context.WithCancel(within(t))
		time.AfterFunc(50*time.Millisecond, cancel)
		err := c.Flush(ctx)
		ended(t, c, err)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v does not say that it was cancelled", err)
		}
	})
	t.Run("open", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(within(t), 200*time.Millisecond)
		defer cancel()
		_, err := agent.Start(ctx, agent.Config{Binary: binary(t)}, target("open hang"))
		if !errors.Is(err, quiesce.ErrAgent) {
			t.Errorf("got %v, want ErrAgent", err)
		}
	})
}

// TestKillInACall: by the client and by somebody else.
func TestKillInACall(t *testing.T) {
	for name, kill := range map[string]func(*agent.Client) error{
		"client":   (*agent.Client).Kill,
		"somebody": func(c *agent.Client) error { return syscall.Kill(c.Pid(), syscall.SIGKILL) },
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := start(t, "hang")
			call := make(chan error, 1)
			go func() { call <- c.Flush(within(t)) }()
			must(t, kill(c))
			ended(t, c, <-call)
		})
	}
}

// TestEndOfInputEndsTheProcess drives the process by hand, in a call that
// never ends.
func TestEndOfInputEndsTheProcess(t *testing.T) {
	for _, act := range []string{"open hang", ""} {
		cmd := exec.Command(binary(t))
		cmd.Args = []string{agent.Program}
		cmd.Stderr = os.Stderr
		in, err := cmd.StdinPipe()
		must(t, err)
		must(t, cmd.Start())
		params, err := json.Marshal(map[string]any{"protocol": 1, "memory": 64 << 20, "target": target(act)})
		must(t, err)
		request, err := json.Marshal(map[string]any{"id": 1, "method": "open", "params": json.RawMessage(params)})
		must(t, err)
		_, err = in.Write(append(request, '\n'))
		must(t, err)
		must(t, in.Close())
		must(t, cmd.Wait())
	}
}

func TestChatterOnStandardErrorIsBounded(t *testing.T) {
	c, stderr := start(t, "chatter")
	must(t, c.Flush(within(t)))
	must(t, c.Close())
	eventually(t, "standard error is passed on", func() bool { return len(stderr.String()) == 64<<10 })
}

// TestNothingIsLeftOpen: neither after what works nor after what fails.
func TestNothingIsLeftOpen(t *testing.T) {
	program := binary(t)
	once := func(act string) {
		c, err := agent.Start(within(t), agent.Config{Binary: program}, target(act))
		if err == nil {
			_ = c.Flush(within(t))
			_ = c.Close()
		}
	}
	acts := []string{"", "exit", "open refuse", "garbage"}
	for _, act := range acts {
		once(act)
	}
	before := descriptors(t)
	for range 5 {
		for _, act := range acts {
			once(act)
		}
	}
	eventually(t, "all descriptors are closed", func() bool { return descriptors(t) <= before })
}

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(all)
}
