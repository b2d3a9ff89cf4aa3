package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/internal/freezer"
	"github.com/lull-containers/lull/manifest"
)

// teller is a session whose server counts its requests; one number per answer,
// the last one for ever.
type teller struct {
	conversation
	pending []int
	asked   int
	err     error
}

func (s *teller) PendingIO(context.Context) (int, error) {
	n := s.pending[min(s.asked, len(s.pending)-1)]
	s.asked++
	return n, s.err
}

// ring gives this process a ring of native AIO.
func ring(t *testing.T) {
	t.Helper()
	var id uintptr
	if _, _, errno := unix.Syscall(unix.SYS_IO_SETUP, 8, uintptr(unsafe.Pointer(&id)), 0); errno != 0 {
		t.Skipf("this kernel or sandbox has no native AIO: %v", errno)
	}
	t.Cleanup(func() { unix.Syscall(unix.SYS_IO_DESTROY, id, 0, 0) })
}

// aioCut is a cut of this process, whose freezer is a file that says frozen.
func aioCut(t *testing.T, s Session) *Cut {
	t.Helper()
	group := t.TempDir()
	for name, text := range map[string]string{"cgroup.procs": strconv.Itoa(os.Getpid()), "freezer.state": "FROZEN"} {
		if err := os.WriteFile(filepath.Join(group, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k := cut(t, config.Settings{PauseBudget: time.Minute})
	k.pid, k.freezer, k.session = os.Getpid(), freezer.File(filepath.Join(group, "freezer.state")), s
	k.runtime = still{k.freezer}
	if err := k.processTree(t.Context()); err != nil { // which tells whether there are rings
		t.Fatal(err)
	}
	return k
}

func TestAIOWithoutRings(t *testing.T) {
	s := &teller{pending: []int{1}}
	k := aioCut(t, s)
	if err := errors.Join(k.idleAIO(t.Context()), k.settleAIO(t.Context())); err != nil || k.unsaved != nil || s.asked != 0 {
		t.Errorf("%v, unsaved %v, asked %d times", err, k.unsaved, s.asked)
	}
}

// A server that is busy at first is asked again, and what stands still until the
// freeze is dumped. (That it is frozen again is for test/e2e/sql: this process
// writes to its freezer itself.)
func TestAIOIsAwaited(t *testing.T) {
	ring(t)
	s := &teller{pending: []int{3, 1, 0}}
	k := aioCut(t, s)
	if err := k.idleAIO(t.Context()); err != nil || k.idle == nil || s.asked < len(s.pending) {
		t.Fatalf("%v, idle %v, asked %d times", err, k.idle, s.asked)
	}
	if err := k.settleAIO(t.Context()); err != nil || k.unsaved != nil || !strings.Contains(k.rec.remark, "frozen ") {
		t.Errorf("%v, unsaved %v, %q", err, k.unsaved, k.rec.remark)
	}
	if err := k.unanswered(); err != nil {
		t.Error(err)
	}
}

// Without the proof the dump is refused with the setting, and the container
// stays frozen.
func TestAIOIsRefused(t *testing.T) {
	ring(t)
	for name, s := range map[string]Session{
		"nobody asks":           nil,
		"nobody can tell":       &conversation{},
		"the server cannot say": &teller{pending: []int{0}, err: errDriver},
		"it never ends":         &teller{pending: []int{7}},
	} {
		t.Run(name, func(t *testing.T) {
			k := aioCut(t, s)
			k.c.Settings.PauseBudget = 0
			if s != nil {
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				defer cancel()
				if err := k.idleAIO(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if err := k.settleAIO(t.Context()); err != nil {
				t.Fatal(err)
			}
			if k.unsaved == nil || !strings.Contains(k.unsaved.Error(), "innodb_use_native_aio=0") {
				t.Errorf("unsaved %v", k.unsaved)
			}
			if frozen, err := k.freezer.Frozen(); err != nil || !frozen {
				t.Errorf("frozen %t, %v", frozen, err)
			}
		})
	}
}

// A container that ran again after the fence was proven, and whose fence is
// gone, is not clean, and says why.
func TestAFenceLostBetweenTwoFreezes(t *testing.T) {
	s := &teller{conversation: conversation{fails: "ping"}, pending: []int{0}}
	k := aioCut(t, s)
	k.level, k.fenced, k.held = manifest.Flushed, true, []manifest.Held{{Setting: "a lock"}}
	k.reprove(t.Context())
	k.judge()
	if k.level != manifest.Flushed || k.fenced || k.held != nil || !errors.Is(k.reason, errDriver) {
		t.Errorf("level %s, fenced %t, held %v, reason %v", k.level, k.fenced, k.held, k.reason)
	}
}

// A freezer that does not take the second freeze costs nothing where the
// runtime does.
func TestFreezingAgainByTheRuntime(t *testing.T) {
	k := aioCut(t, &teller{pending: []int{0}})
	if err := k.freezeAnew(t.Context(), errors.New("the file did not say frozen")); err != nil {
		t.Error(err)
	}
	if err := k.readBack(t.Context()); err != nil {
		t.Error(err)
	}
}

// The time of a pre-copy is none of the pause's.
func TestAIOEndsWithThePause(t *testing.T) {
	k := aioCut(t, &teller{})
	now := time.Now()
	k.rec.began = now.Add(-time.Hour)
	ctx, cancel := context.WithDeadline(t.Context(), now.Add(time.Minute))
	defer cancel()
	k.c.Settings.Mode = modeNone
	k.Quiesce(ctx)
	if end := k.aioEnd(now); !end.Equal(now.Add(time.Minute)) {
		t.Errorf("%s after now", end.Sub(now))
	}
}

// Whatever a look saw, a container that does not thaw after it is told of.
func TestALookThatLeavesItFrozen(t *testing.T) {
	k := aioCut(t, nil)
	group := t.TempDir()
	k.freezer = freezer.File(filepath.Join(group, "cgroup.freeze"))
	events := filepath.Join(group, "cgroup.events")
	if err := os.WriteFile(events, []byte("frozen 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := k.still(t.Context(), func() error { return errors.Join(os.Remove(events), os.Mkdir(events, 0o700)) })
	if !errors.Is(err, errStuck) {
		t.Errorf("%v", err)
	}
}
