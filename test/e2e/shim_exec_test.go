package e2e

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// execs are other people's processes in the container, around checkpoints.
func execs(t *testing.T) {
	t.Run("probe", probed)
	t.Run("awaited", func(t *testing.T) {
		s := newSubject(t, nil)
		s.detached(t, "sleep", "0.3")
		s.checkpoint(t)
		s.healthy(t)
	})
	t.Run("in the way", func(t *testing.T) {
		s := newSubject(t, nil)
		id := s.detached(t, "sleep", "1000")
		s.refused(t, "[lull:preflight]", "1 exec'd processes still run")
		s.d.Ctr(t, "tasks", "kill", "--exec-id", id, "--signal", "SIGKILL", s.ID)
		s.healthy(t)
		s.noCapture(t)
		s.checkpoint(t)
	})
	t.Run("while paused", func(t *testing.T) {
		s := newSubject(t, nil)
		s.d.Ctr(t, "tasks", "pause", s.ID)
		o := s.d.TryCtr(t, "tasks", "exec", "--exec-id", "x", s.ID, "true")
		mustRefuse(t, o, "is being checkpointed; try again in a moment")
		s.d.Ctr(t, "tasks", "resume", s.ID)
		s.healthy(t)
	})
}

func (s *subject) detached(t *testing.T, command ...string) (id string) {
	t.Helper()
	id = harness.Name(t, "x")
	s.d.Ctr(t, append([]string{"tasks", "exec", "--detach", "--exec-id", id, s.ID}, command...)...)
	return id
}

// probed has a health check every tenth of a second, as Docker's, in the way
// of checkpoints. It is answered or told to come back; nothing breaks.
func probed(t *testing.T) {
	s := newSubject(t, nil)
	var p probes
	stop := p.start(t, s)
	var taken []*manifest.Manifest
	for range 5 {
		s.load.Wait(t, 1)
		taken = append(taken, s.checkpoint(t))
	}
	stop()
	p.judge(t)
	for _, m := range taken {
		if m.Reached.Level != manifest.Flushed {
			t.Errorf("a checkpoint is %s: %q", m.Reached.Level, m.Reached.Warnings)
		}
	}
	s.healthy(t)
}

type probes struct {
	running  sync.WaitGroup
	mu       sync.Mutex
	answered int              // guarded by mu
	told     int              // guarded by mu
	broken   []harness.Output // guarded by mu
}

// start probes until the returned function is called, which waits for all.
func (p *probes) start(t *testing.T, s *subject) (stop func()) {
	end := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		for tick := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-end:
				tick.Stop()
				return
			case <-tick.C:
				p.running.Go(func() { p.probe(t, s) })
			}
		}
	})
	return func() { close(end); done.Wait(); p.running.Wait() }
}

func (p *probes) probe(t *testing.T, s *subject) {
	o := s.d.TryCtr(t, "tasks", "exec", "--exec-id", harness.Name(t, "probe"), s.ID, "pg_isready", "--quiet")
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case o.Code == 0:
		p.answered++
	case strings.Contains(o.Stderr, "try again in a moment"):
		p.told++
	default:
		p.broken = append(p.broken, o)
	}
}

func (p *probes) judge(t *testing.T) {
	t.Helper()
	t.Logf("%d probes were answered, %d were told to come back", p.answered, p.told)
	for _, o := range p.broken {
		t.Errorf("a probe broke: %s", o)
	}
	if p.answered == 0 || p.told == 0 {
		t.Error("the probes did not meet the checkpoints")
	}
}
