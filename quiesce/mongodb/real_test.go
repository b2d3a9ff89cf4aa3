package mongodb_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lull-containers/lull/lab/fakemongod"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/quiescetest"
)

// TestReal is the suite against a real mongod.
func TestReal(t *testing.T) {
	program := os.Getenv("LULL_TEST_MONGOD")
	if program == "" {
		t.Skip("no mongod can be had here, so that this was never run: set LULL_TEST_MONGOD to the path of one")
	}
	quiescetest.Run(t, realHarness{program: program})
}

// realHarness makes members that are alone in their set.
type realHarness struct {
	harness
	program string
}

func (r realHarness) Start(t *testing.T) quiescetest.Server {
	t.Helper()
	s := &realServer{program: r.program, server: &server{owner: t, address: freeAddress(t), options: fakemongod.Options{
		Folder: t.TempDir(), Users: []fakemongod.User{{Name: "root", Password: canary}},
	}}}
	t.Cleanup(s.kill)
	s.run(t)
	s.initiate(t)
	s.await(t)
	return s
}

func (realHarness) Starting(t *testing.T) quiesce.Target {
	t.Skip("a real member that stays in STARTUP2 needs a set of several")
	return quiesce.Target{}
}

type realServer struct {
	*server
	program string
	process *exec.Cmd
}

func (s *realServer) run(t *testing.T) {
	t.Helper()
	key := filepath.Join(s.options.Folder, "key")
	must(t, os.WriteFile(key, []byte("bHVsbC1zdWl0ZQ=="), 0o600))
	_, port, err := net.SplitHostPort(s.address)
	must(t, err)
	s.process = exec.Command(s.program, "--dbpath", s.options.Folder, "--bind_ip", "127.0.0.1", "--port", port, "--replSet", "rs0", "--keyFile", key)
	must(t, s.process.Start())
}

func (s *realServer) kill() {
	_ = s.process.Process.Signal(syscall.SIGKILL)
	_ = s.process.Wait() // its exit status says nothing that the test does not see
}

// initiate makes the set and, by the localhost exception, the first user.
func (s *realServer) initiate(t *testing.T) {
	t.Helper()
	c, err := mongo.Connect(options.Client().SetHosts([]string{s.address}).SetDirect(true))
	must(t, err)
	defer func() { _ = c.Disconnect(context.Background()) }()
	members := bson.A{bson.D{{Key: "_id", Value: 0}, {Key: "host", Value: s.address}}}
	s.until(t, c, bson.D{{Key: "replSetInitiate", Value: bson.D{{Key: "_id", Value: "rs0"}, {Key: "members", Value: members}}}})
	s.until(t, c, bson.D{{Key: "createUser", Value: "root"}, {Key: "pwd", Value: canary}, {Key: "roles", Value: bson.A{"root"}}})
}

// until runs a command until it succeeds.
func (s *realServer) until(t *testing.T, c *mongo.Client, command bson.D) {
	t.Helper()
	ctx := within(t)
	for {
		err := c.Database("admin").RunCommand(ctx, command).Err()
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// await waits until it is primary again.
func (s *realServer) await(t *testing.T) {
	t.Helper()
	s.until(t, s.connect(t, "harness"), bson.D{{Key: "ping", Value: 1}})
	for end := time.Now().Add(time.Minute); s.ask(t, bson.D{{Key: "hello", Value: 1}})["isWritablePrimary"] != true; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not become primary")
		}
	}
}

func (s *realServer) Crash(t *testing.T) {
	s.kill()
	s.run(t)
	s.await(t)
}

func (s *realServer) Copy(t *testing.T) quiescetest.Server {
	t.Skip("a copy of a real member listens at a port that its set does not know")
	return nil
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}
