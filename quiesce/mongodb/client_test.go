package mongodb_test

import (
	"context"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/lull-containers/lull/quiesce/quiescetest"
)

// client is an application.
type client struct {
	*mongo.Client
	session *mongo.Session // nil: no transaction
}

func (s *server) Client(t *testing.T) quiescetest.Client {
	t.Helper()
	c := &client{Client: s.connect(t, "application")}
	must(t, c.Ping(within(t), nil))
	t.Cleanup(func() {
		if c.session != nil {
			c.session.EndSession(context.Background())
		}
	})
	return c
}

func (c *client) Begin(context.Context) error {
	var err error
	if c.session, err = c.StartSession(); err != nil {
		return err
	}
	return c.session.StartTransaction()
}

func (c *client) Commit(ctx context.Context) error {
	session := c.session
	c.session = nil
	defer session.EndSession(ctx)
	return session.CommitTransaction(ctx)
}

func (c *client) Write(ctx context.Context) error {
	if c.session != nil {
		ctx = mongo.NewSessionContext(ctx, c.session)
	}
	_, err := c.counted().InsertOne(ctx, bson.D{{Key: "x", Value: 1}})
	return err
}

func (c *client) counted() *mongo.Collection { return c.Database("test").Collection("counted") }

func (c *client) Rows(ctx context.Context) (int, error) {
	n, err := c.counted().EstimatedDocumentCount(ctx)
	return int(n), err
}
