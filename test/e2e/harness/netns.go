package harness

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/lull-containers/lull/internal/netns"
)

// pidCache spares a reconnecting load a ctr for each attempt.
type pidCache struct {
	mu  sync.Mutex
	pid int // guarded by mu; 0: unknown
}

// InNetNS runs f in the network namespace of the container as it is now: the
// restored one's after a restore. It is a ledger.Inside.
func (c *Container) InNetNS(f func() error) error {
	path, err := c.netNS()
	if err != nil {
		return err
	}
	if err := netns.Do(path, f); err != nil {
		c.pids.forget()
		return err
	}
	return nil
}

func (c *Container) netNS() (string, error) {
	c.pids.mu.Lock()
	defer c.pids.mu.Unlock()
	path := fmt.Sprintf("/proc/%d/ns/net", c.pids.pid)
	if _, err := os.Stat(path); c.pids.pid > 0 && err == nil {
		return path, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	pid, err := c.pid(ctx)
	if err != nil {
		c.pids.pid = 0
		return "", err
	}
	c.pids.pid = pid
	return fmt.Sprintf("/proc/%d/ns/net", pid), nil
}

func (p *pidCache) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pid = 0
}
