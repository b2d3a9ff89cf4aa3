package e2e

import (
	"context"
	"fmt"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/mongodb"
	"github.com/lull-containers/lull/quiesce/quiescetest"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// mongoEngine is the fake mongod: there is no mongod to be had.
type mongoEngine struct{}

// traits are those of a lock that outlives its session.
func (mongoEngine) traits() quiescetest.Traits {
	return quiescetest.Traits{FenceOutlives: true, FencePatient: true}
}

func (mongoEngine) driver() quiesce.Driver { return mongodb.Driver{} }
func (mongoEngine) image() string          { return "mongo:fake" }
func (mongoEngine) data() string           { return "/data/db" }
func (mongoEngine) password() string       { return "MONGO_INITDB_ROOT_PASSWORD" }
func (mongoEngine) stop() string           { return "SIGTERM" }

func (mongoEngine) env() map[string]string {
	return map[string]string{"MONGO_INITDB_ROOT_USERNAME": "root"}
}

func (mongoEngine) args(port uint16) []string {
	return []string{"docker-entrypoint.sh", "mongod", "--replSet", "rs0", "--port", fmt.Sprint(port)}
}

func (e mongoEngine) starting(_ *testing.T, _ string, port uint16) []string {
	return append(e.args(port), "--fakeState", "STARTUP2")
}

func (e mongoEngine) isStarting(ctx context.Context, port uint16) bool {
	c, err := e.connect(ctx, port, observer)
	if err != nil {
		return false
	}
	defer c.close()
	answer, err := c.(*mongoSpeaker).admin(ctx, bson.D{{Key: "hello", Value: 1}})
	return err == nil && answer["isWritablePrimary"] == false
}

func (mongoEngine) ready(context.Context, uint16) error { return nil }

func (mongoEngine) connect(ctx context.Context, port uint16, who string) (speaker, error) {
	o := options.Client().SetHosts([]string{fmt.Sprintf("127.0.0.1:%d", port)}).SetDirect(true).SetAppName(who).SetMaxPoolSize(1).
		SetServerMonitoringMode(options.ServerMonitoringModePoll).SetRetryWrites(false).
		SetAuth(options.Credential{Username: "root", Password: harness.Canary})
	c, err := mongo.Connect(o)
	if err != nil {
		return nil, err
	}
	s := &mongoSpeaker{Client: c}
	if err := c.Ping(ctx, nil); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// The questions that mongoSpeaker answers.
const (
	mongoCount    = "count"
	mongoWaiting  = "waiting"
	mongoResidue  = "residue"
	mongoSettings = "settings"
	mongoFlushed  = "flushed"
)

func (mongoEngine) queries() queries {
	return queries{write: "insert", count: mongoCount, waiting: mongoWaiting, residue: mongoResidue, settings: mongoSettings, flushed: mongoFlushed}
}

func (mongoEngine) run(t *testing.T, d *harness.Daemon, annotations map[string]string) database {
	t.Helper()
	m := d.FakeMongo(t, harness.MongoOptions{ContainerOptions: harness.ContainerOptions{Annotations: annotations,
		Args: []string{"--setParameter", "transactionLifetimeLimitSeconds=5"}}})
	return database{m.Container, m.Store(), m.WaitAnswer}
}

type mongoSpeaker struct {
	*mongo.Client
	session *mongo.Session // nil: no transaction
}

func (c *mongoSpeaker) close() {
	if c.session != nil {
		c.session.EndSession(context.Background())
	}
	_ = c.Disconnect(context.Background()) // its sockets are closed in any case
}

func (c *mongoSpeaker) exec(ctx context.Context, statement string) (err error) {
	switch statement {
	case "BEGIN":
		if c.session, err = c.StartSession(); err == nil {
			err = c.session.StartTransaction()
		}
		return err
	case "COMMIT":
		session := c.session
		c.session = nil
		defer session.EndSession(ctx)
		return session.CommitTransaction(ctx)
	}
	if c.session != nil {
		ctx = mongo.NewSessionContext(ctx, c.session)
	}
	_, err = c.counted().InsertOne(ctx, bson.D{{Key: "x", Value: 1}})
	return err
}

func (c *mongoSpeaker) counted() *mongo.Collection { return c.Database("test").Collection("counted") }

func (c *mongoSpeaker) texts(ctx context.Context, query string) ([]string, error) {
	switch query {
	case mongoCount:
		all, err := c.counted().Find(ctx, bson.D{})
		if err != nil {
			return nil, err
		}
		var docs []bson.D
		err = all.All(ctx, &docs)
		return make([]string, len(docs)), err
	case mongoWaiting:
		return c.operations(ctx, application, "waitingForLock")
	case mongoResidue:
		ours, err := c.operations(ctx, "lull", "")
		if locked, asked := c.locked(ctx); locked || asked != nil {
			return append(ours, "fsyncLock"), firstOf(err, asked)
		}
		return ours, err
	case mongoSettings:
		interval, err := c.admin(ctx, bson.D{{Key: "getParameter", Value: "*"}})
		locked, err2 := c.locked(ctx)
		return []string{fmt.Sprint(interval["journalCommitInterval"], locked)}, firstOf(err, err2)
	}
	status, err := c.admin(ctx, bson.D{{Key: "serverStatus", Value: 1}})
	return []string{fmt.Sprint(status["wiredTiger"])}, err
}

func (c *mongoSpeaker) admin(ctx context.Context, command bson.D) (answer bson.M, err error) {
	err = c.Database("admin").RunCommand(ctx, command).Decode(&answer)
	return answer, err
}

func (c *mongoSpeaker) locked(ctx context.Context) (bool, error) {
	answer, err := c.admin(ctx, bson.D{{Key: "currentOp", Value: 1}})
	return answer["fsyncLock"] == true, err
}

// operations are those of one application, of which this is so.
func (c *mongoSpeaker) operations(ctx context.Context, app, so string) (list []string, err error) {
	var answer struct {
		All []bson.M `bson:"inprog"`
	}
	err = c.Database("admin").RunCommand(ctx, bson.D{{Key: "currentOp", Value: 1}, {Key: "$all", Value: true}}).Decode(&answer)
	for _, o := range answer.All {
		if o["appName"] == app && (so == "" || o[so] == true) {
			list = append(list, fmt.Sprint(o))
		}
	}
	return list, err
}

func mongoQuestions() quiescetest.Questions {
	return quiescetest.Questions{
		Count:   `{"count": "counted", "$db": "test"}`,
		Nothing: `{"aggregate": "nothing", "$db": "test", "pipeline": [{"$count": "n"}]}`,
		Refused: []string{
			`{"insert": "counted", "documents": [{}], "$db": "test"}`, `{"aggregate": "counted", "$db": "test", "pipeline": [{"$out": "other"}]}`,
			`{"aggregate": "counted", "$db": "test", "pipeline": [{"$nonsense": 1}]}`, `{"count": "counted"}`, "db.counted.countDocuments()", "",
		},
	}
}
