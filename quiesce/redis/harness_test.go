package redis_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

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
	s := h.start(t, "--save", "3600", "1000000", "--rdbcompression", "no")
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
