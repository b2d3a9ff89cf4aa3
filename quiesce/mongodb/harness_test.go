package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lull-containers/lull/lab/fakemongod"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/mongodb"
	"github.com/lull-containers/lull/quiesce/quiescetest"
)

// canary is searched for in everything that a driver says.
const canary = "canary-Tr0ub4dor"

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

func is(t *testing.T, err, class error) {
	t.Helper()
	if !errors.Is(err, class) {
		t.Errorf("got %v, want %v", err, class)
	}
}

// harness makes fakes.
type harness struct{}

func (harness) Driver() quiesce.Driver { return mongodb.Driver{} }

func (harness) Traits() quiescetest.Traits {
	return quiescetest.Traits{FenceOutlives: true, FencePatient: true}
}

func (harness) Start(t *testing.T) quiescetest.Server { return start(t, fakemongod.Options{}) }

func (harness) Starting(t *testing.T) quiesce.Target {
	return start(t, fakemongod.Options{State: "STARTUP2"}).Target()
}

// server is one fake on one data folder.
type server struct {
	owner   *testing.T
	options fakemongod.Options
	address string
	fake    *fakemongod.Server
}

// start is a member alone in its replica set, with one user.
func start(t *testing.T, o fakemongod.Options) *server {
	t.Helper()
	o.Set = "rs0"
	return serve(t, o)
}

// serve is a server in no replica set, unless the options name one.
func serve(t *testing.T, o fakemongod.Options) *server {
	t.Helper()
	if o.Folder == "" {
		o.Folder = t.TempDir()
	}
	if o.Users == nil {
		o.Users = []fakemongod.User{{Name: "root", Password: canary}}
	}
	s := &server{owner: t, options: o, address: "127.0.0.1:0"}
	s.launch(t)
	t.Cleanup(func() { _ = s.fake.Close() })
	return s
}

func (s *server) launch(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", s.address)
	must(t, err)
	s.address = l.Addr().String()
	s.fake, err = fakemongod.Serve(l, s.options)
	must(t, err)
}

func (s *server) Target() quiesce.Target {
	return quiesce.Target{
		Engine:    quiesce.MongoDB,
		Listeners: []netip.AddrPort{netip.MustParseAddrPort(s.address)},
		Env:       map[string]string{"MONGO_INITDB_ROOT_USERNAME": "root", "MONGO_INITDB_ROOT_PASSWORD": canary},
	}
}

func (s *server) Crash(t *testing.T) {
	must(t, s.fake.Close())
	s.launch(t)
}

func (s *server) Copy(t *testing.T) quiescetest.Server {
	must(t, s.fake.Close())
	folder := t.TempDir()
	must(t, os.CopyFS(folder, os.DirFS(s.options.Folder)))
	s.launch(t)
	o := s.options
	o.Folder = folder
	return start(t, o)
}

// connect is a connection of the application's or of the harness's.
func (s *server) connect(t *testing.T, name string) *mongo.Client {
	t.Helper()
	o := options.Client().SetHosts([]string{s.address}).SetDirect(true).SetAppName(name).SetMaxPoolSize(1).
		SetServerMonitoringMode(options.ServerMonitoringModePoll).SetRetryWrites(false)
	if len(s.options.Users) > 0 {
		o.SetAuth(options.Credential{Username: s.options.Users[0].Name, Password: s.options.Users[0].Password})
	}
	c, err := mongo.Connect(o)
	must(t, err)
	t.Cleanup(func() { _ = c.Disconnect(context.Background()) })
	return c
}

func (s *server) ask(t *testing.T, command bson.D) bson.M {
	t.Helper()
	var m bson.M
	must(t, s.connect(t, "harness").Database("admin").RunCommand(within(t), command).Decode(&m))
	return m
}

// operations are those of one application.
func (s *server) operations(t *testing.T, app string) (list []bson.D) {
	t.Helper()
	for _, each := range s.ask(t, bson.D{{Key: "currentOp", Value: 1}, {Key: "$all", Value: true}})["inprog"].(bson.A) {
		d := each.(bson.D)
		for _, e := range d {
			if e.Key == "appName" && e.Value == app {
				list = append(list, d)
			}
		}
	}
	return list
}

func (s *server) locked(t *testing.T) bool {
	t.Helper()
	return s.ask(t, bson.D{{Key: "currentOp", Value: 1}})["fsyncLock"] == true
}

func (s *server) Waiting(t *testing.T) (n int) {
	for _, d := range s.operations(t, "application") {
		for _, e := range d {
			if e.Key == "waitingForLock" && e.Value == true {
				n++
			}
		}
	}
	return n
}

func (s *server) Residue(t *testing.T) (left []string) {
	for _, d := range s.operations(t, "lull") {
		left = append(left, fmt.Sprint(d))
	}
	if s.locked(t) {
		left = append(left, "fsyncLock")
	}
	return left
}

func (s *server) Settings(t *testing.T) string {
	return fmt.Sprint(s.ask(t, bson.D{{Key: "getParameter", Value: "*"}})["journalCommitInterval"], s.locked(t))
}

func (s *server) Flushed(t *testing.T) string {
	return fmt.Sprint(s.ask(t, bson.D{{Key: "serverStatus", Value: 1}})["wiredTiger"])
}

// lock and unlock are somebody else's.
func (s *server) lock(t *testing.T) {
	t.Helper()
	s.ask(t, bson.D{{Key: "fsync", Value: 1}, {Key: "lock", Value: true}})
}

func (s *server) unlock(t *testing.T) { t.Helper(); s.ask(t, bson.D{{Key: "fsyncUnlock", Value: 1}}) }
