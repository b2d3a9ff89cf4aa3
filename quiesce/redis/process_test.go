package redis_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/quiescetest"
)

// server is one server, running as nobody when the test is root.
type server struct {
	harness
	folder, data string
	port         uint16
	first        []string // arguments before all others
	options      []string
	password     string
	process      *exec.Cmd
}

func (h harness) place(t *testing.T) *server {
	t.Helper()
	folder := quiescetest.Folder(t)
	s := &server{harness: h, folder: folder, data: filepath.Join(folder, "data"), port: freePort(t), password: canary}
	must(t, os.Mkdir(s.data, 0o755))
	if os.Geteuid() == 0 {
		must(t, os.Chown(s.data, nobody, nobody))
	}
	t.Cleanup(func() { s.stop(t, syscall.SIGKILL) }) // before the folder goes
	return s
}

const nobody = 65534

func freePort(t *testing.T) uint16 {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String()).Port()
}

func (s *server) launch(t *testing.T) {
	t.Helper()
	s.run(t)
	s.await(t, func(err error) bool { return err == nil })
}

func (s *server) run(t *testing.T) {
	t.Helper()
	args := []string{"--port", fmt.Sprint(s.port), "--bind", "127.0.0.1", "--dir", s.data, "--logfile", filepath.Join(s.data, "log")}
	if s.password != "" {
		args = append(args, "--requirepass", s.password)
	}
	s.process = exec.Command(s.program, slices.Concat(s.first, args, s.options)...)
	s.process.Dir, s.process.Env = s.data, []string{"LC_ALL=C"}
	if os.Geteuid() == 0 {
		s.process.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	must(t, s.process.Start())
}

func (s *server) stop(t *testing.T, how os.Signal) {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Signal(how)
	_ = s.process.Wait() // its exit status says nothing that the test does not see
	s.process = nil
	if t.Failed() {
		log, err := os.ReadFile(filepath.Join(s.data, "log"))
		t.Logf("log of the server on port %d, %v:\n%s", s.port, err, log)
	}
}

// await waits until the answer to a ping is as wanted.
func (s *server) await(t *testing.T, wanted func(error) bool) {
	t.Helper()
	c := s.connect(t, "harness")
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		err := c.Ping(within(t)).Err()
		if wanted(err) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the server on port %d did not come up: %v", s.port, err)
		}
	}
}

// connect is a connection under a name, closed when t ends.
func (s *server) connect(t *testing.T, name string) *goredis.Client {
	t.Helper()
	c := goredis.NewClient(&goredis.Options{
		Addr: fmt.Sprintf("127.0.0.1:%d", s.port), Password: s.password, ClientName: name,
		Protocol: 2, PoolSize: 1, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true, ReadTimeout: -1, ContextTimeoutEnabled: true,
	})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (s *server) Target() quiesce.Target {
	return quiesce.Target{
		Engine:    s.engine,
		Listeners: []netip.AddrPort{netip.AddrPortFrom(netip.IPv4Unspecified(), s.port)},
		Env:       map[string]string{strings.ToUpper(s.engine) + "_PASSWORD": canary},
	}
}

// Crash ends the server without a word: the next start loads its files.
func (s *server) Crash(t *testing.T) {
	s.stop(t, syscall.SIGKILL)
	s.launch(t)
}

func (s *server) Copy(t *testing.T) quiescetest.Server {
	s.stop(t, syscall.SIGTERM)
	c := s.place(t)
	must(t, os.Remove(c.data))
	if out, err := exec.Command("cp", "-a", s.data, c.data).CombinedOutput(); err != nil {
		t.Fatalf("copy: %v\n%s", err, out)
	}
	c.options = s.options
	s.launch(t)
	c.launch(t)
	return c
}
