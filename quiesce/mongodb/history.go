package mongodb

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// compareHistory looks for the cut's own entry in the oplog. Later optimes
// alone prove little: every election writes one with the time of day. It is
// told, and breaks nothing, where the oplog may not be read or reaches no
// longer back that far.
func (s *session) compareHistory(ctx context.Context, v *quiesce.Verdict, recorded, now manifest.Database) error {
	var cut optime
	if got, _ := fmt.Sscanf(recorded.Position[keyApplied], "%d:%d.%d", &cut.Term, &cut.TS.T, &cut.TS.I); got != 3 {
		return nil
	}
	entries, err := s.oplog(ctx, 1, bson.D{{Key: "ts", Value: cut.TS}})
	if errors.Is(err, quiesce.ErrPrivilege) {
		v.Checked = append(v.Checked, "the oplog may not be read: its entry of the cut was not looked for")
		return nil
	}
	if err != nil {
		return err
	}
	if len(entries) == 0 && behind(now.Position[keyFirst], recorded.Position[keyApplied]) {
		v.Checked = append(v.Checked, "the oplog begins later than the cut: its entry of the cut was not looked for")
		return nil
	}
	found := "nothing"
	if len(entries) > 0 {
		found = entries[0].String()
	}
	v.Compare("the oplog's entry of the cut", found == cut.String(), cut.String(), found)
	return nil
}

// oplog gives the first entry that fits, from one end.
func (s *session) oplog(ctx context.Context, order int, filter bson.D) ([]optime, error) {
	var answer struct {
		Cursor struct {
			Batch []optime `bson:"firstBatch"`
		} `bson:"cursor"`
	}
	err := s.on(ctx, "local", "reading the oplog", bson.D{
		{Key: "find", Value: "oplog.rs"}, {Key: "filter", Value: filter}, {Key: "sort", Value: bson.D{{Key: "$natural", Value: order}}},
		{Key: "limit", Value: 1}, {Key: "singleBatch", Value: true}, {Key: "projection", Value: bson.D{{Key: "ts", Value: 1}, {Key: "t", Value: 1}}},
	}, &answer)
	return answer.Cursor.Batch, err
}

// readOplog adds the ends of the oplog, where it may be read: its first entry
// says how far back a member can still be caught up.
func (s *session) readOplog(ctx context.Context, p map[string]string) error {
	if s.hello.Set == "" {
		return nil
	}
	for key, order := range map[string]int{keyFirst: 1, keyLast: -1} {
		entries, err := s.oplog(ctx, order, bson.D{})
		if errors.Is(err, quiesce.ErrPrivilege) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(entries) == 1 {
			p[key] = entries[0].String()
		}
	}
	return nil
}
