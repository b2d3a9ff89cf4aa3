package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lull-containers/lull/lab"
	"github.com/lull-containers/lull/lab/demo/screen"
)

// name is the daemon's.
const name = "demo"

const (
	image    = "docker.io/library/postgres:13"
	dataDir  = "/var/lib/postgresql/data"
	password = "testpass" // the tutorial's; it protects nothing
)

// stage is what all acts share: a private containerd with lull in place.
type stage struct {
	lab    *lab.Lab
	say    *screen.Screen
	bin    string
	begun  bool // there may be something to remove
	ready  bool // the daemon runs and has its image
	daemon *lab.Daemon
	last   *act // the act before, whose database still runs
}

// open starts the daemon with lull's folder first on its PATH: that alone puts
// lull's shim in the stock one's place.
func (s *stage) open(ctx context.Context) (err error) {
	if old, err := s.lab.Daemon(name); err == nil && old.Alive() {
		return fmt.Errorf("an earlier demo still runs (pid %d); `make lab-down DAEMON=demo` ends it", old.Process.PID)
	}
	if err := s.programs(); err != nil {
		return err
	}
	s.begun = true
	if err := s.lab.WriteLullConfig(name, s.bin, ""); err != nil {
		return err
	}
	defer s.say.Live("starting a private containerd with PostgreSQL 13", nil)()
	s.daemon, err = s.lab.StartDaemon(ctx, lab.DaemonConfig{Name: name, BinDirs: []string{s.bin}})
	if err != nil {
		return err
	}
	if err := s.writeFiles(); err != nil {
		return err
	}
	err = s.daemon.Import(ctx, image)
	s.ready = err == nil
	return err
}

// programs makes sure that lull is built.
func (s *stage) programs() error {
	for _, p := range []string{"lull", "lull-agent", "containerd-shim-lull-v2", "containerd-shim-runc-v2"} {
		if _, err := os.Stat(filepath.Join(s.bin, p)); err != nil {
			return fmt.Errorf("lull is not built: %w; `make build` does it", err)
		}
	}
	return nil
}

// writeFiles writes what the commands need: the database's environment, and
// that of a shell which looks around.
func (s *stage) writeFiles() error {
	if err := os.WriteFile(s.envFile(), []byte("POSTGRES_PASSWORD="+password+"\n"), 0o600); err != nil {
		return err
	}
	var b strings.Builder
	for _, e := range append(s.daemon.ClientEnv(), "PGHOST=127.0.0.1", "PGUSER=postgres", "PGPASSWORD="+password) {
		key, value, _ := strings.Cut(e, "=")
		fmt.Fprintf(&b, "export %s=%s\n", key, screen.Join([]string{value}))
	}
	return os.WriteFile(s.shellFile(), []byte(b.String()), 0o600)
}

func (s *stage) envFile() string   { return filepath.Join(s.daemon.Dir, "postgres.env") }
func (s *stage) shellFile() string { return filepath.Join(s.daemon.Dir, "env") }

// volume makes an empty folder for a bind mount.
func (s *stage) volume(of string) (string, error) {
	dir := filepath.Join(s.daemon.Data, of)
	return dir, os.MkdirAll(dir, 0o755)
}

// closeTime bounds the end, which ctx does not cut short.
const closeTime = time.Minute

// close ends everything, or says how to look around.
func (s *stage) close(ctx context.Context, keep bool) error {
	if !s.begun {
		return nil
	}
	if keep {
		s.lookAround()
		return nil
	}
	defer s.say.Live("removing everything", nil)()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	return lab.Down(ctx, s.lab.Layout, name)
}

func (s *stage) lookAround() {
	s.say.Title("Look around")
	s.say.Say("As root; the last line ends it all and removes everything.")
	s.say.Command([]string{".", s.shellFile()})
	s.say.Command([]string{"lull", "ps"})
	s.say.Command([]string{"ctr", "images", "ls"})
	s.say.Command([]string{"make", "lab-down", "DAEMON=" + name})
}
