package redis_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/quiescetest"
	"github.com/lull-containers/lull/quiesce/redis"
)

// canary is searched for in everything that a driver says.
const canary = "canary-Tr0ub4dor"

// programs are the servers to test: those that LULL_TEST_REDIS_BIN names, else
// the ones on PATH.
func programs(t *testing.T) (found []string) {
	t.Helper()
	if list := os.Getenv("LULL_TEST_REDIS_BIN"); list != "" {
		return filepath.SplitList(list)
	}
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			found = append(found, path)
		}
	}
	if len(found) == 0 {
		t.Skip("no Redis here: install Debian's redis-server or valkey-server, or set LULL_TEST_REDIS_BIN to such programs")
	}
	return found
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// within is a context for one case.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// harness is about one program.
type harness struct {
	program, title, engine string
	major, minor           int
}

var told = regexp.MustCompile(`^(Redis|Valkey) server v=(\d+)\.(\d+)\.`)

func harnessOf(t *testing.T, program string) harness {
	t.Helper()
	out, err := exec.Command(program, "--version").Output()
	must(t, err)
	m := told.FindStringSubmatch(string(out))
	if m == nil {
		t.Fatalf("%s is no Redis: %s", program, out)
	}
	h := harness{program: program, engine: strings.ToLower(m[1]), title: strings.ToLower(m[1]) + m[2] + "." + m[3]}
	_, err = fmt.Sscan(m[2]+" "+m[3], &h.major, &h.minor)
	must(t, err)
	return h
}

func (h harness) Driver() quiesce.Driver { return redis.Driver{Engine: h.engine} }

// fences is false of servers whose pause would stop the driver too.
func (h harness) fences() bool { return h.major > 6 || h.minor >= 2 }

// shows is true of servers that show a pause.
func (h harness) shows() bool { return h.engine == quiesce.Valkey && (h.major > 8 || h.minor >= 1) }

func (h harness) Traits() quiescetest.Traits {
	t := quiescetest.Traits{
		NoTransactions: true, FenceOutlives: true, FenceHidden: !h.shows(), WritesThrough: true, NewIdentity: true,
	}
	if !h.fences() {
		t.NoFence = "before 6.2 a pause stops everybody"
	}
	return t
}

// Start is a server with an append-only file, the one kind that a crash takes
// nothing from.
func (h harness) Start(t *testing.T) quiescetest.Server {
	t.Helper()
	return h.start(t, "--appendonly", "yes", "--appendfsync", "always", "--save", "")
}

func (h harness) start(t *testing.T, options ...string) *server {
	t.Helper()
	s := h.place(t)
	s.options = options
	s.launch(t)
	return s
}

// Starting is a server that takes minutes to load its data.
func (h harness) Starting(t *testing.T) quiesce.Target {
	t.Helper()
	s := h.start(t, "--save", "3600 1000000", "--rdbcompression", "no")
	c := s.connect(t, "harness")
	keys, size, slowly := 2000, 1<<10, []string{"--key-load-delay", "50000", "--loading-process-events-interval-bytes", "1024"}
	if !h.fences() { // it hears us every 2 MB
		keys, size, slowly = 30, 2<<20, []string{"--key-load-delay", "1000000"}
	}
	for i := range keys {
		must(t, c.Set(within(t), fmt.Sprint(i), strings.Repeat("x", size), 0).Err())
	}
	must(t, c.Save(within(t)).Err())
	s.stop(t, syscall.SIGKILL)
	s.options = append(s.options, slowly...)
	s.run(t)
	s.await(t, func(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "LOADING") })
	return s.Target()
}

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
