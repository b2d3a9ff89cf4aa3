package mongodb

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

var _ quiesce.Validator = (*session)(nil)

// Ask runs one command that only reads: count gives its count, dbHash its
// digest of all collections, and aggregate the one field, beside _id, of its
// one document. No document, or no field, is no value.
func (s *session) Ask(ctx context.Context, query string) (quiesce.Answer, error) {
	q, err := parse(query, s.database)
	if err != nil {
		return quiesce.Answer{}, err
	}
	command := append(q.command, bson.E{Key: "maxTimeMS", Value: wait.QueryTime(ctx).Milliseconds()})
	var answer struct {
		Count  bson.RawValue `bson:"n"`
		Digest bson.RawValue `bson:"md5"`
		Cursor struct {
			Batch []bson.Raw `bson:"firstBatch"`
		} `bson:"cursor"`
	}
	if err := s.on(ctx, q.database, "answering", command, &answer); err != nil {
		return quiesce.Answer{}, s.unanswered(err, q.database)
	}
	switch q.command[0].Key {
	case "count":
		return answerOf(answer.Count)
	case "dbHash":
		return answerOf(answer.Digest)
	}
	return answerOfDocuments(answer.Cursor.Batch)
}

// unanswered says what to do about a query, and not about the server.
func (s *session) unanswered(err error, database string) error {
	var r *quiesce.Refusal
	if !errors.As(err, &r) || codeOf(err) == 0 && !unknown(err) {
		return err
	}
	told := *r
	switch codeOf(err) {
	case codeUnauthorized:
		told.Remedy = fmt.Sprintf(`db.getSiblingDB(%q).grantRolesToUser(%q, [{role: "read", db: %q}])`, s.login.source, s.login.user, database)
	case codeOutOfTime:
		told.Remedy = "make it faster, or raise lull/pause-budget"
	default:
		told.Remedy = usualQuestion
	}
	return &told
}

// Writes is the time of the last entry of the oplog that a client can have
// made: the server writes some of its own, every ten seconds where nothing
// else is written. Who may not read the oplog is told the last of all, and a
// server in no replica set has none.
func (s *session) Writes(ctx context.Context) (string, error) {
	if s.hello.Set == "" {
		return "", nil
	}
	last, err := s.oplog(ctx, -1, bson.D{
		{Key: "op", Value: bson.D{{Key: "$ne", Value: "n"}}},
		{Key: "ns", Value: bson.D{{Key: "$ne", Value: "config.system.sessions"}}},
	})
	switch {
	case errors.Is(err, quiesce.ErrPrivilege):
		r, err := s.replicaStatus(ctx)
		return "applied " + r.Optimes.Applied.String(), err
	case err != nil:
		return "", err
	case len(last) == 0:
		return "none", nil
	}
	return last[0].String(), nil
}
