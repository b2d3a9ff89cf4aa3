package hooks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/procs"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/internal/state"
)

// keeper lives as long as one CRIU works.
type keeper struct {
	host  Host
	subj  *subject
	calls <-chan *call
	gone  <-chan struct{} // closed once CRIU has ended
	ns    *os.File        // the container's network namespace; nil: not known, or the host's
}

// undoTime bounds each undo.
const undoTime = 30 * time.Second

// firstCall bounds the wait for the script that started the keeper.
const firstCall = time.Minute

// Keep serves the scripts of one CRIU until it has ended.
func Keep(ctx context.Context, h Host, l *net.UnixListener) error {
	l.SetUnlinkOnClose(false) // the guard does that
	defer l.Close()
	k := &keeper{host: h, calls: calls(l)}
	var first *call
	select {
	case first = <-k.calls:
	case <-time.After(firstCall):
		return errors.New("no script has called")
	}
	if first == nil {
		return errors.New("the socket is closed")
	}
	err := k.begin(ctx, first)
	first.answer(err) // unless it has been
	return err
}

func (k *keeper) begin(ctx context.Context, first *call) (err error) {
	if k.gone, err = ends(first.CRIU); err != nil {
		return err
	}
	if k.subj, err = k.host.subject(first.Call); err != nil || k.subj == nil {
		return err
	}
	if first.Stage == PreDump {
		return errors.Join(os.MkdirAll(k.subj.Paths.State, 0o711), k.checkpoint(ctx, first))
	}
	if err := k.vacant(); err != nil {
		return err
	}
	return k.restore(ctx, first)
}

// vacant refuses a restore under the id of a container that runs: runtimes with
// other roots may have given it too, and lull knows both by that id.
func (k *keeper) vacant() error {
	r, err := state.Read(k.subj.Paths.State)
	if err != nil || r.Bundle == k.subj.Bundle || r.Pid == 0 || !procs.Alive(r.Pid) {
		return nil //nolint:nilerr // nobody is there
	}
	return rpccode.Wrap(rpccode.Lives, fmt.Errorf("another container with the id %s runs (process %d, bundle %s); restore under another id", k.subj.ID, r.Pid, r.Bundle))
}

// anew takes away what is kept of the container that was checkpointed.
func (k *keeper) anew() error {
	return errors.Join(os.RemoveAll(k.subj.Paths.State), os.MkdirAll(k.subj.Paths.State, 0o711))
}

// await gives the call of the next stage. Without one CRIU has failed.
func (k *keeper) await(stage Stage) (*call, error) {
	for {
		select {
		case c, ok := <-k.calls:
			switch {
			case !ok:
				return nil, errors.New("the socket is closed")
			case c.Stage == stage:
				return c, nil
			}
			c.answer(nil)
		case <-k.gone:
			return nil, rpccode.Wrap(rpccode.Dump, fmt.Errorf("CRIU ended before its stage %s", stage))
		}
	}
}

// ends gives a channel that is closed when the process has ended.
func ends(pid int) (<-chan struct{}, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("CRIU (process %d): %w", pid, err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		defer unix.Close(fd)
		for {
			_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
			if !errors.Is(err, unix.EINTR) {
				return
			}
		}
	}()
	return gone, nil
}

// enter finds the network namespace of a process and keeps it: the process may
// end before the keeper does.
func (k *keeper) enter(pid int) (err error) {
	if k.subj.Network.Mode == engine.NetworkHost {
		return nil
	}
	if k.ns, err = os.Open(fmt.Sprintf("/proc/%d/ns/net", pid)); err != nil {
		return err
	}
	k.subj.Network.Path = fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), k.ns.Fd())
	return nil
}

func (k *keeper) sessions() sessions { return sessions{k.host, k.subj.Container} }
