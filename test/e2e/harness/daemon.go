package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/lull-containers/lull/lab"
)

// stockShim is the name that containerd knows its runc shim by.
const stockShim = "containerd-shim-runc-v2"

// Options say how a daemon is started.
type Options struct {
	Stock   bool     // leave lull out: containerd finds its own shim
	Config  string   // lines of lull's configuration file, after the harness's own
	Env     []string // NAME=VALUE of the daemon and its shims
	BinDirs []string // first on PATH of the daemon and its shims
	Network bool     // a network of its own, with nothing but lo
	Engine  string   // the lab's part with another containerd; none: the newest
	CRI     *lab.CRI // what the kubelet speaks to; its shim is lull's; none: none
}

// Daemon is a containerd of the lab for tests.
type Daemon struct {
	*lab.Daemon
	Lab *lab.Lab
	// Failpoints is the folder that lull's test builds look for faults in.
	Failpoints string
	bin        string

	imports  sync.Mutex
	imported map[string]bool // guarded by imports: by reference
}

// Start starts a daemon for one test. Its cleanup ends everything that it
// started, in whatever state.
func Start(t testing.TB, o Options) *Daemon {
	t.Helper()
	d, err := start(Require(t), Binaries(t), Name(t, "e2e"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Errorf("left behind: %v", err)
		}
	})
	d.logsOnFailure(t)
	return d
}

func start(l *lab.Lab, bin, name string, o Options) (*Daemon, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	d := &Daemon{Lab: l, bin: bin, imported: map[string]bool{}}
	if err := d.writeConfig(name, o); err != nil {
		return nil, err
	}
	c := lab.DaemonConfig{Name: name, Env: append(o.Env, "LULL_FAILPOINTS="+d.Failpoints), BinDirs: o.BinDirs, Network: o.Network, Engine: o.Engine}
	if !o.Stock {
		c.BinDirs = append(c.BinDirs, d.bin)
	}
	if o.CRI != nil {
		cri := *o.CRI
		cri.Shim = filepath.Join(d.bin, "containerd-shim-lull-v2")
		c.CRI, c.Namespace = &cri, "k8s.io"
	}
	var err error
	d.Daemon, err = l.StartDaemon(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("start a daemon: %w", err)
	}
	return d, os.MkdirAll(d.Failpoints, 0o755)
}

// writeConfig makes lull keep everything in the daemon's folders.
func (d *Daemon) writeConfig(name string, o Options) error {
	run, data := d.Lab.RunDir(name), d.Lab.DataDir(name)
	d.Failpoints = filepath.Join(data, "failpoints")
	text := fmt.Sprintf("state_dir = %q\nstore_dir = %q\ndocker_root = %q\nstock_shim = %q\nlull = %q\n%s\n",
		filepath.Join(run, "lull"), filepath.Join(data, "captures"), filepath.Join(data, "docker"),
		d.stockShim(o.Engine), filepath.Join(d.bin, "lull"), o.Config)
	if err := os.MkdirAll(run, 0o711); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(run, "lull.toml"), []byte(text), 0o644)
}

// stockShim is the one of the daemon's own version.
func (d *Daemon) stockShim(engine string) string {
	if a, err := d.Lab.Aside(engine); err == nil {
		return a.Path(stockShim)
	}
	return d.Lab.Path(stockShim)
}

// stop ends the daemon with everything that it started.
func (d *Daemon) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return errors.Join(d.Stop(ctx), gone(d.Dir), gone(d.Data))
}

func gone(dir string) error {
	if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is still there (%w)", dir, err)
	}
	return nil
}

// Bin is the folder of lull's binaries that the daemon works with.
func (d *Daemon) Bin() string { return d.bin }

// Fail makes the failpoint do what it is told, once: error, panic, kill, exit,
// hang (until Unfail), sleep DURATION, eat.
func (d *Daemon) Fail(t testing.TB, failpoint, what string) {
	t.Helper()
	path := filepath.Join(d.Failpoints, failpoint)
	if err := os.WriteFile(path, []byte(what), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Unfail(t, failpoint) })
}

// Hangs tells whether a failpoint that is told to hang was met and hangs.
func (d *Daemon) Hangs(failpoint string) bool {
	_, err := os.Stat(filepath.Join(d.Failpoints, failpoint+".hangs"))
	return err == nil
}

// Unfail ends a hang, and takes a fault away that was not met.
func (d *Daemon) Unfail(t testing.TB, failpoint string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(d.Failpoints, failpoint)); err != nil {
		t.Error(err)
	}
}
