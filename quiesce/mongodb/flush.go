package mongodb

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lull-containers/lull/quiesce"
)

// Flush takes a checkpoint of the storage engine. The answer to fsync comes
// when it is done. Under the session's own fence there is nothing left to be
// flushed: the lock was taken with a flush, and old servers would wait in it
// for themselves.
func (s *session) Flush(ctx context.Context) error {
	if s.fence.stands() {
		return nil
	}
	var answer struct {
		Ok int `bson:"ok"`
	}
	if err := s.admin(ctx, "the flush", bson.D{{Key: "fsync", Value: 1}}, &answer); err != nil {
		return err
	}
	if answer.Ok != 1 {
		return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: "MongoDB does not say that it has flushed", Remedy: "see its log"}
	}
	return nil
}
