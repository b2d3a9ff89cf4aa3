package harness

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// shared is the one thing that is global here: what the tests of a process
// have in common. Main removes it.
var shared process

type process struct {
	mu    sync.Mutex
	bin   string  // guarded by mu: the folder of the binaries
	lull  *Daemon // guarded by mu
	stock *Daemon // guarded by mu
}

// Main runs the tests of a package and removes what they shared. Call it from
// TestMain.
func Main(m *testing.M) int {
	code := m.Run()
	if err := shared.remove(); err != nil {
		fmt.Fprintln(os.Stderr, "left behind:", err)
		return max(code, 1)
	}
	return code
}

// Shared gives the daemon with lull that all tests of this process share, to
// spare the import of images. Tests that stop, kill or configure a daemon use
// Start.
func Shared(t testing.TB) *Daemon {
	t.Helper()
	return shared.daemon(t, &shared.lull, Options{})
}

// SharedStock gives the daemon without lull that all tests of this process share.
func SharedStock(t testing.TB) *Daemon {
	t.Helper()
	return shared.daemon(t, &shared.stock, Options{Stock: true})
}

func (p *process) daemon(t testing.TB, d **Daemon, o Options) *Daemon {
	t.Helper()
	l, dir := Require(t), Binaries(t)
	p.mu.Lock()
	defer p.mu.Unlock()
	if *d == nil {
		started, err := start(l, dir, Name(t, "e2e"), o)
		if err != nil {
			t.Fatal(err)
		}
		*d = started
	}
	(*d).logsOnFailure(t)
	return *d
}

// binaries builds them at the first call.
func (p *process) binaries() (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bin != "" {
		return p.bin, nil
	}
	dir, err := os.MkdirTemp("", "lull-e2e-bin-")
	if err != nil {
		return "", err
	}
	if err := build(dir); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	p.bin = dir
	return dir, nil
}

func (p *process) remove() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, d := range []*Daemon{p.lull, p.stock} {
		if d != nil {
			errs = append(errs, d.stop())
		}
	}
	if p.bin != "" {
		errs = append(errs, os.RemoveAll(p.bin))
	}
	return errors.Join(errs...)
}
