package ledger

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lull-containers/lull/internal/netns"
)

const (
	canary = "canary-5f1c" // the server's password
	nobody = 65534         // PostgreSQL does not run as root
)

// pgServer is a PostgreSQL of this machine, in a folder of its own and, where
// that is allowed, in a network namespace of its own.
type pgServer struct {
	PostgreSQL
	bin, dir string
	cmd      *exec.Cmd
	output   *strings.Builder
}

// newPGServer makes a data folder, or skips the test on a machine without PostgreSQL.
func newPGServer(t *testing.T) *pgServer {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		t.Skip("no PostgreSQL server in /usr/lib/postgresql")
	}
	dir, err := os.MkdirTemp("", "lull-ledger-") //nolint:usetesting // the server's user cannot enter t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &pgServer{bin: filepath.Dir(newest(found)), dir: dir}
	s.User, s.Password, s.Database = "postgres", canary, "postgres"
	s.Addr = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), freePort(t))
	s.namespace(t)
	s.initdb(t)
	return s
}

func (s *pgServer) namespace(t *testing.T) {
	path := filepath.Join(s.dir, "netns")
	if err := netns.Create(path); err != nil {
		t.Logf("the server runs in this network namespace: %v", err)
		return
	}
	t.Cleanup(func() {
		if err := netns.Remove(path); err != nil {
			t.Error(err)
		}
	})
	s.Inside = InNetNS(path)
}

func freePort(t *testing.T) uint16 {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort().Port()
}

func (s *pgServer) initdb(t *testing.T) {
	pw := filepath.Join(s.dir, "pw")
	if err := os.WriteFile(pw, []byte(canary), 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		for _, p := range []string{s.dir, pw} {
			if err := os.Chown(p, nobody, nobody); err != nil {
				t.Fatal(err)
			}
		}
	}
	out, err := s.program("initdb", "-D", s.data(), "-U", s.User, "--pwfile="+pw, "-A", "scram-sha-256", "-N").CombinedOutput()
	if err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
}

func (s *pgServer) data() string { return filepath.Join(s.dir, "data") }

func (s *pgServer) program(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return cmd
}

// start runs a server on the data folder and waits until it answers.
func (s *pgServer) start(t *testing.T, data string) {
	t.Helper()
	s.cmd = s.program("postgres", "-D", data, "-p", strconv.Itoa(int(s.Addr.Port())),
		"-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "unix_socket_directories=")
	s.output = new(strings.Builder)
	s.cmd.Stderr = s.output
	if err := s.inside(s.cmd.Start); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop(t) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		conn, err := s.Connect(ctx)
		if err == nil {
			hangUp(ctx, conn)
			return
		}
		if sleep(ctx, 50*time.Millisecond) != nil {
			t.Fatalf("the server does not answer: %v", err)
		}
	}
}

// stop ends the server at once, as a crash does.
func (s *pgServer) stop(t *testing.T) {
	if s.cmd == nil {
		return
	}
	if err := s.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Error(err)
	}
	_ = s.cmd.Wait() // a server that was ended like this says so
	s.cmd = nil
	if t.Failed() {
		t.Logf("the server's log:\n%s", s.output)
	}
}

// frozen runs f while every process of the server is stopped.
func (s *pgServer) frozen(t *testing.T, f func()) {
	t.Helper()
	pids := []int{s.cmd.Process.Pid}
	s.signal(t, pids, syscall.SIGSTOP) // from here on it makes no more children
	children := childrenOf(t, pids[0])
	s.signal(t, children, syscall.SIGSTOP)
	f()
	s.signal(t, append(children, pids...), syscall.SIGCONT)
}

func (s *pgServer) signal(t *testing.T, pids []int, sig syscall.Signal) {
	for _, pid := range pids {
		if err := syscall.Kill(pid, sig); err != nil && err != syscall.ESRCH {
			t.Fatal(err)
		}
		for sig == syscall.SIGSTOP && !isStopped(pid) {
			time.Sleep(time.Millisecond)
		}
	}
}

func childrenOf(t *testing.T, pid int) (pids []int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range strings.Fields(string(text)) {
		child, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, child)
	}
	return pids
}

func isStopped(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true // gone
	}
	state := text[strings.LastIndexByte(string(text), ')')+2]
	return state == 'T' || state == 'Z'
}
