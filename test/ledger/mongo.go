package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// Store is the ledger in this server.
func (m Mongo) Store() Store { return mongoStore{m} }

type mongoStore struct{ Mongo }

// The collections of a ledger. Each client's last number is a document of its
// own, on which two connections of one client conflict.
const (
	mongoLast     = "last"
	mongoEntries  = "entry"
	mongoAccounts = "account"
)

// mongoEntry is an entry and its legs, one document.
type mongoEntry struct {
	Attempt int64      `bson:"_id"`
	Client  int        `bson:"client"`
	Seq     int64      `bson:"seq"`
	Legs    []mongoLeg `bson:"legs"`
}

type mongoLeg struct {
	Account int   `bson:"account"`
	Amount  int64 `bson:"amount"`
}

func mongoEntryOf(e Entry) mongoEntry {
	m := mongoEntry{Attempt: e.Attempt, Client: e.Client, Seq: e.Seq}
	for _, l := range legsOf(e) {
		m.Legs = append(m.Legs, mongoLeg{l.Account, l.Amount})
	}
	return m
}

func (s mongoStore) Setup(ctx context.Context, accounts int) error {
	c, err := s.Mongo.Connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	db := c.Database("ledger")
	for _, name := range []string{mongoLast, mongoEntries, mongoAccounts} {
		if err := db.Collection(name).Drop(ctx); err != nil {
			return err
		}
	}
	var docs []any
	for i := range accounts {
		docs = append(docs, bson.D{{Key: "_id", Value: i}, {Key: "balance", Value: int64(0)}})
	}
	_, err = db.Collection(mongoAccounts).InsertMany(ctx, docs)
	return err
}

func (s mongoStore) Connect(ctx context.Context) (Session, error) {
	c, err := s.Mongo.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &mongoSession{conn: c, db: c.Database("ledger"), single: s.Single}, nil
}

type mongoSession struct {
	conn   *MongoConn
	db     *mongo.Database
	single bool
	tx     *mongo.Session // nil: none is open
	staged mongoEntry     // of a single one
}

func (s *mongoSession) Close() {
	if s.tx != nil {
		s.tx.EndSession(context.Background())
	}
	s.conn.Close()
}

func (s *mongoSession) Last(ctx context.Context, client int) (int64, error) {
	if s.single {
		return s.lastOfAll(ctx, client)
	}
	var d struct {
		Seq int64 `bson:"seq"`
	}
	err := s.db.Collection(mongoLast).FindOne(ctx, bson.D{{Key: "_id", Value: strconv.Itoa(client)}}).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		err = nil
	}
	return d.Seq, err
}

func (s *mongoSession) lastOfAll(ctx context.Context, client int) (last int64, err error) {
	all, err := s.db.Collection(mongoEntries).Find(ctx, bson.D{{Key: "client", Value: client}})
	if err != nil {
		return 0, err
	}
	var entries []mongoEntry
	err = all.All(ctx, &entries)
	for _, e := range entries {
		last = max(last, e.Seq)
	}
	return last, err
}

// Stage begins a transaction and does all but its commit.
func (s *mongoSession) Stage(ctx context.Context, e Entry) (err error) {
	if s.single {
		s.staged = mongoEntryOf(e)
		return nil
	}
	if s.tx, err = s.conn.StartSession(); err != nil {
		return err
	}
	if err := s.tx.StartTransaction(); err != nil {
		return err
	}
	return s.stage(mongo.NewSessionContext(ctx, s.tx), e)
}

func (s *mongoSession) stage(ctx context.Context, e Entry) error {
	id := bson.D{{Key: "_id", Value: strconv.Itoa(e.Client)}, {Key: "seq", Value: e.Seq - 1}}
	if e.Seq == 1 {
		id = id[:1]
	}
	to := bson.D{{Key: "$set", Value: bson.D{{Key: "seq", Value: e.Seq}}}}
	collection := s.db.Collection(mongoLast)
	if e.Seq == 1 {
		if _, err := collection.InsertOne(ctx, append(id, bson.E{Key: "seq", Value: e.Seq})); err != nil {
			return err
		}
	} else if r, err := collection.UpdateOne(ctx, id, to); err != nil || r.MatchedCount != 1 {
		return errors.Join(err, fmt.Errorf("the last number of client %d is not %d", e.Client, e.Seq-1))
	}
	if _, err := s.db.Collection(mongoEntries).InsertOne(ctx, mongoEntryOf(e)); err != nil {
		return err
	}
	for _, l := range legsOf(e) {
		by := bson.D{{Key: "$inc", Value: bson.D{{Key: "balance", Value: l.Amount}}}}
		if _, err := s.db.Collection(mongoAccounts).UpdateOne(ctx, bson.D{{Key: "_id", Value: l.Account}}, by); err != nil {
			return err
		}
	}
	return nil
}

// Commit leaves every error in doubt: a client library sends a commit again by
// itself when no answer comes.
func (s *mongoSession) Commit(ctx context.Context) error {
	if s.single {
		_, err := s.db.Collection(mongoEntries).InsertOne(ctx, s.staged)
		return err
	}
	defer func() { s.tx.EndSession(ctx); s.tx = nil }()
	return s.tx.CommitTransaction(ctx)
}

// Read is made when nobody writes any more. Without transactions the
// balances are those that the legs make.
func (s mongoStore) Read(ctx context.Context) (State, error) {
	c, err := s.Mongo.Connect(ctx)
	if err != nil {
		return State{}, err
	}
	defer c.Close()
	db := c.Database("ledger")
	var entries []mongoEntry
	var accounts []struct {
		ID      int   `bson:"_id"`
		Balance int64 `bson:"balance"`
	}
	if err := readAll(ctx, db.Collection(mongoEntries), &entries); err != nil {
		return State{}, err
	}
	if err := readAll(ctx, db.Collection(mongoAccounts), &accounts); err != nil {
		return State{}, err
	}
	st := State{Balances: map[int]int64{}}
	for _, a := range accounts {
		st.Balances[a.ID] = a.Balance
	}
	for _, e := range entries {
		st.Rows = append(st.Rows, Row{e.Client, e.Seq, e.Attempt})
		for _, l := range e.Legs {
			st.Legs = append(st.Legs, Leg{e.Attempt, l.Account, l.Amount})
			if s.Single {
				st.Balances[l.Account] += l.Amount
			}
		}
	}
	return st, nil
}

func readAll(ctx context.Context, c *mongo.Collection, into any) error {
	all, err := c.Find(ctx, bson.D{})
	if err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	return all.All(ctx, into)
}
