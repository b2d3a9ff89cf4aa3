package mongodb

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// transaction is one of several documents that is open and may have written.
// A single write is done or not begun.
type transaction struct {
	Session bson.Raw `bson:"lsid"`
	Body    struct {
		Parameters struct {
			Number int64 `bson:"txnNumber"`
		} `bson:"parameters"`
		Prepared *time.Time `bson:"timePrepared"`
	} `bson:"transaction"`
	Waits bool `bson:"waitingForLock"`
	Locks struct {
		Global string `bson:"Global"`
	} `bson:"locks"`
}

// queued is true of one that a standing fence keeps out: nothing that has
// written stands beside fsyncLock, and the mode that it waits for is shown too.
func (t transaction) queued() bool { return t.Waits || t.Locks.Global == "" }

func (t transaction) key() string { return fmt.Sprint(t.Session, t.Body.Parameters.Number) }

// transactions lists those that are open, between two statements or in one.
// Those that have only read hold the global lock to read.
func (s *session) transactions(ctx context.Context) ([]transaction, error) {
	var answer struct {
		Cursor struct {
			Batch []bson.Raw `bson:"firstBatch"`
		} `bson:"cursor"`
	}
	stage := bson.D{{Key: "$currentOp", Value: bson.D{{Key: "allUsers", Value: true}, {Key: "idleSessions", Value: true}}}}
	err := s.admin(ctx, "listing open transactions", bson.D{
		{Key: "aggregate", Value: 1}, {Key: "pipeline", Value: bson.A{stage}}, {Key: "cursor", Value: bson.D{{Key: "batchSize", Value: 10000}}},
	}, &answer)
	var open []transaction
	for _, raw := range answer.Cursor.Batch {
		if raw.Lookup("transaction", "parameters", "txnNumber").Type == 0 {
			continue
		}
		var t transaction
		if err := bson.Unmarshal(raw, &t); err != nil {
			return nil, err
		}
		if t.Locks.Global != "r" && raw.Lookup("transaction", "parameters", "autocommit").Type != 0 {
			open = append(open, t)
		}
	}
	return open, err
}

// InFlight counts the open transactions that may have written. Those that wait
// for the session's own fence have not.
func (s *session) InFlight(ctx context.Context) (int, error) {
	open, err := s.transactions(ctx)
	if s.fence.stands() {
		open = slices.DeleteFunc(open, transaction.queued)
	}
	return len(open), err
}

// Drain waits for the transactions that are open when it begins. Those that
// outlive it are kept, or end the checkpoint, or have their sessions killed.
func (s *session) Drain(ctx context.Context, patience time.Duration, p quiesce.Policy) (manifest.Transactions, error) {
	first, err := s.transactions(ctx)
	if err != nil {
		return manifest.Transactions{}, err
	}
	left, err := s.await(ctx, first, patience)
	if err != nil {
		return manifest.Transactions{}, err
	}
	got := manifest.Transactions{AtStart: len(first), Drained: len(first) - len(left)}
	for _, t := range left {
		if t.Body.Prepared != nil {
			got.Prepared++
		}
	}
	if len(left) > 0 {
		switch p {
		case quiesce.Abort:
			return got, &quiesce.Refusal{Class: quiesce.ErrInFlight,
				What:   fmt.Sprintf("%d transactions of MongoDB did not end within %s", len(left), patience),
				Remedy: "raise lull/drain-timeout, or choose lull/in-flight=keep or terminate"}
		case quiesce.Terminate:
			if got.Terminated, err = s.terminate(ctx, left); err != nil {
				return got, err
			}
		}
	}
	got.InFlight, err = s.InFlight(ctx)
	return got, err
}

// await waits until the transactions have ended, and gives those that have not.
func (s *session) await(ctx context.Context, open []transaction, patience time.Duration) ([]transaction, error) {
	bound, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	left := open
	err := wait.Until(bound, func() (bool, error) {
		now, err := s.transactions(ctx)
		if err == nil {
			left = among(open, now)
		}
		return len(left) == 0, err
	})
	if wait.Spent(err) && ctx.Err() == nil {
		err = nil
	}
	return left, err
}

// among gives those of open that are in now.
func among(open, now []transaction) (left []transaction) {
	there := map[string]bool{}
	for _, t := range now {
		there[t.key()] = true
	}
	for _, t := range open {
		if there[t.key()] {
			left = append(left, t)
		}
	}
	return left
}

// terminate kills the sessions of transactions, and sees that they are gone.
func (s *session) terminate(ctx context.Context, open []transaction) (int, error) {
	if err := s.allowed(ctx, terminate); err != nil {
		return 0, err
	}
	var patterns bson.A
	for _, t := range open {
		patterns = append(patterns, bson.D{{Key: "lsid", Value: bson.D{
			{Key: "id", Value: t.Session.Lookup("id")}, {Key: "uid", Value: t.Session.Lookup("uid")},
		}}})
	}
	if err := s.admin(ctx, "ending open transactions", bson.D{{Key: "killAllSessionsByPattern", Value: patterns}}, nil); err != nil {
		return 0, err
	}
	left, err := s.await(ctx, open, terminateTime)
	if err == nil && len(left) > 0 {
		err = &quiesce.Refusal{Class: quiesce.ErrInFlight,
			What:   fmt.Sprintf("%d transactions of MongoDB outlived the end of their sessions", len(left)),
			Remedy: "see its log, or choose lull/in-flight=keep"}
	}
	return len(open) - len(left), err
}

// terminateTime bounds the wait for killed sessions to be gone.
const terminateTime = 5 * time.Second
