package e2e

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/quiescetest"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// suite runs servers in containers for the drivers' suite. They share the
// host's network, each with a port of its own.
type suite struct {
	product
	d *harness.Daemon
}

func (s *suite) Driver() quiesce.Driver { return s.driver() }

// boxed is one server on one data folder; its container changes.
type boxed struct {
	*suite
	owner     *testing.T // whose end is the server's
	volume    string
	port      uint16
	container *harness.Container
}

func (s *suite) Start(t *testing.T) quiescetest.Server { return s.start(t) }

func (s *suite) start(t *testing.T) *boxed {
	b := s.place(t)
	b.serve(t)
	must(t, b.ready(within(t), b.port))
	return b
}

func (s *suite) place(t *testing.T) *boxed {
	return &boxed{suite: s, owner: t, volume: s.d.Volume(t), port: freePort(t)}
}

func (s *suite) Starting(t *testing.T) quiesce.Target {
	b := s.start(t)
	b.end(t, s.stop())
	b.launch(t, s.starting(t, b.volume, b.port))
	harness.Eventually(t, "the server is starting", func() bool { return s.isStarting(within(t), b.port) })
	return b.Target()
}

func (b *boxed) launch(t *testing.T, args []string) {
	t.Helper()
	b.container = b.d.Run(b.owner, harness.ContainerOptions{
		Image: b.image(), Args: args, Flags: []string{"--net-host"},
		Env:    b.env(),
		Mounts: map[string]string{b.data(): b.volume},
	})
}

// env is the password, and what the product needs besides.
func (b *boxed) env() map[string]string {
	env := map[string]string{b.password(): harness.Canary}
	if p, ok := b.product.(interface{ env() map[string]string }); ok {
		maps.Copy(env, p.env())
	}
	return env
}

// serve starts the server and waits for it.
func (b *boxed) serve(t *testing.T) {
	t.Helper()
	b.launch(t, b.args(b.port))
	var err error
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var c speaker
		if c, err = b.connect(within(t), b.port, ""); err == nil {
			c.close()
			return
		}
	}
	t.Fatalf("%s does not answer: %v", b.image(), err)
}

// end ends the server by a signal and removes its container.
func (b *boxed) end(t *testing.T, signal string) {
	t.Helper()
	b.d.Ctr(t, "tasks", "kill", "--signal", signal, b.container.ID)
	b.container.WaitStatus(t, harness.Stopped, harness.NoTask)
	b.container.Remove(t)
}

func (b *boxed) Crash(t *testing.T) {
	b.end(t, "SIGKILL")
	b.serve(t)
}

func (b *boxed) Copy(t *testing.T) quiescetest.Server {
	b.end(t, b.stop())
	c := b.place(t)
	if out, err := exec.Command("cp", "-aT", b.volume, c.volume).CombinedOutput(); err != nil {
		t.Fatalf("copy: %v\n%s", err, out)
	}
	b.serve(t)
	c.serve(t)
	return c
}

func (b *boxed) Target() quiesce.Target {
	return quiesce.Target{
		Engine:    b.driver().Name(),
		Listeners: []netip.AddrPort{netip.AddrPortFrom(netip.IPv4Unspecified(), b.port)},
		Env:       b.env(),
	}
}

func (b *boxed) Waiting(t *testing.T) int      { return len(b.ask(t, b.queries().waiting)) }
func (b *boxed) Residue(t *testing.T) []string { return b.ask(t, b.queries().residue) }
func (b *boxed) Settings(t *testing.T) string {
	return strings.Join(b.ask(t, b.queries().settings), "\n")
}
func (b *boxed) Flushed(t *testing.T) string { return strings.Join(b.ask(t, b.queries().flushed), " ") }
func (b *boxed) Client(t *testing.T) quiescetest.Client {
	t.Helper()
	c, err := b.connect(within(t), b.port, application)
	must(t, err)
	t.Cleanup(c.close)
	return tally{c, b.queries()}
}

func (b *boxed) ask(t *testing.T, query string) []string {
	t.Helper()
	c, err := b.connect(within(t), b.port, observer)
	must(t, err)
	defer c.close()
	all, err := c.texts(within(t), query)
	must(t, err)
	return all
}

// tally is an application.
type tally struct {
	speaker
	queries queries
}

func (c tally) Begin(ctx context.Context) error  { return c.exec(ctx, "BEGIN") }
func (c tally) Commit(ctx context.Context) error { return c.exec(ctx, "COMMIT") }
func (c tally) Write(ctx context.Context) error  { return c.exec(ctx, c.queries.write) }

func (c tally) Rows(ctx context.Context) (int, error) {
	all, err := c.texts(ctx, c.queries.count)
	return len(all), err
}

func freePort(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String()).Port()
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
