package harness

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lull-containers/lull/test/ledger"
)

// mongoData is the data folder in the container.
const mongoData = "/data/db"

// MongoOptions are how the fake mongod is run. Arguments are the server's.
type MongoOptions struct {
	Rw     bool   // data folder in the rw layer; else on a bind mount
	Volume string // folder on the host for the bind mount; none: a new one
	ContainerOptions
}

// Mongo is a fake mongod, or a FerretDB, in a container.
type Mongo struct {
	*Container
	ledger.Mongo
	Volume string // the data folder on the host; "" when it is in the rw layer
}

// FakeMongo runs the fake mongod, a member alone in its replica set, and waits
// until it answers.
func (d *Daemon) FakeMongo(t testing.TB, o MongoOptions) *Mongo {
	t.Helper()
	o.Image = "mongo:fake"
	o.Args = append([]string{"docker-entrypoint.sh", "mongod", "--replSet", "rs0"}, o.Args...)
	o.Env = with(with(o.Env, "MONGO_INITDB_ROOT_USERNAME", "root"), "MONGO_INITDB_ROOT_PASSWORD", Canary)
	if !o.Rw && o.Volume == "" {
		o.Volume = d.Volume(t)
	}
	if o.Volume != "" {
		o.Mounts = with(o.Mounts, mongoData, o.Volume)
	}
	m := d.Run(t, o.ContainerOptions).AsMongo("root")
	m.Volume = o.Volume
	m.WaitAnswer(t)
	return m
}

// AsMongo takes a container for a MongoDB with the harness's password.
func (c *Container) AsMongo(user string) *Mongo {
	return &Mongo{Container: c, Mongo: ledger.Mongo{
		Addr:   netip.MustParseAddrPort("127.0.0.1:27017"),
		Inside: c.InNetNS, User: user, Password: Canary,
	}}
}

// WaitAnswer waits until the server lets a client in.
func (m *Mongo) WaitAnswer(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		conn, err := m.Connect(ctx)
		if err == nil {
			conn.Close()
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("the server in container %s does not answer: %v", m.ID, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Admin gives the answer to a command on the database admin.
func (m *Mongo) Admin(t testing.TB, command bson.D) bson.M {
	t.Helper()
	return m.Command(t, "admin", command)
}

// Command gives the answer to a command on a database.
func (m *Mongo) Command(t testing.TB, database string, command bson.D) bson.M {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := m.Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var answer bson.M
	if err := conn.Database(database).RunCommand(ctx, command).Decode(&answer); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", command[0].Key, err))
	}
	return answer
}

// Locked says whether fsyncLock holds writers back.
func (m *Mongo) Locked(t testing.TB) bool {
	t.Helper()
	return m.Admin(t, bson.D{{Key: "currentOp", Value: 1}})["fsyncLock"] == true
}
