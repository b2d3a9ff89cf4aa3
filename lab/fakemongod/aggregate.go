package fakemongod

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// aggregate: manual, "aggregate". A $currentOp stands alone; of a collection
// the fake knows the stages of stages.
func (s *server) aggregate(ctx context.Context, o *operation) (bson.D, error) {
	pipeline := list(o.command, "pipeline")
	if len(pipeline) == 1 {
		stage, _ := pipeline[0].(bson.D)
		if arguments, ok := get(stage, "$currentOp").(bson.D); ok {
			return s.currentOpStage(o, arguments)
		}
	}
	if err := o.conn.may(o.db, "aggregate", forReaders); err != nil {
		return nil, err
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	v := &view{store: s.store, tx: o.tx}
	docs := v.find(o.ns(), nil)
	for _, each := range pipeline {
		stage, _ := each.(bson.D)
		if len(stage) != 1 || stages()[stage[0].Key] == nil {
			return nil, fails(40324, "Location40324", "Unrecognized pipeline stage name, or one that the fake does not know: %v", stage)
		}
		var err error
		if docs, err = stages()[stage[0].Key](docs, stage[0].Value); err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, outOfTime()
		}
	}
	return cursor(o.ns(), docs), nil
}

func outOfTime() error { return fails(50, "MaxTimeMSExpired", "operation exceeded time limit") }

// stages are those of the manual's "Aggregation Stages" that the fake knows.
func stages() map[string]func([]bson.D, any) ([]bson.D, error) {
	return map[string]func([]bson.D, any) ([]bson.D, error){
		"$match": matchStage, "$limit": limitStage, "$count": countStage, "$project": projectStage,
		"$group": groupStage, "$replaceRoot": replaceStage,
	}
}

func matchStage(docs []bson.D, by any) (left []bson.D, err error) {
	filter, _ := by.(bson.D)
	for _, d := range docs {
		if matches(d, filter) {
			left = append(left, d)
		}
	}
	return left, nil
}

func limitStage(docs []bson.D, by any) ([]bson.D, error) {
	n, ok := toNumber(by)
	if !ok || n <= 0 {
		return nil, fails(15958, "Location15958", "the limit must be positive")
	}
	return docs[:min(int64(len(docs)), n)], nil
}

// countStage gives no document where there is none to count.
func countStage(docs []bson.D, by any) ([]bson.D, error) {
	name, _ := by.(string)
	if len(docs) == 0 {
		return nil, nil
	}
	return []bson.D{{{Key: name, Value: int32(len(docs))}}}, nil
}

// projectStage evaluates expressions, and keeps what is 1 and _id unless it
// is 0.
func projectStage(docs []bson.D, by any) (out []bson.D, err error) {
	fields, _ := by.(bson.D)
	for _, d := range docs {
		var one bson.D
		if id := get(d, "_id"); id != nil && (get(fields, "_id") == nil || truth(fields, "_id")) {
			one = append(one, bson.E{Key: "_id", Value: id})
		}
		for _, f := range fields {
			if f.Key == "_id" {
				continue
			}
			value := get(d, f.Key)
			if _, keep := toNumber(f.Value); !keep {
				if value, err = evaluate(d, f.Value); err != nil {
					return nil, err
				}
			}
			if value != nil {
				one = append(one, bson.E{Key: f.Key, Value: value})
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// groupStage makes one group of all, of an _id that is null, with $sum, $max and
// $min.
func groupStage(docs []bson.D, by any) ([]bson.D, error) {
	fields, _ := by.(bson.D)
	if len(fields) == 0 || fields[0].Key != "_id" || fields[0].Value != nil {
		return nil, fails(40324, "Location40324", "the fake groups by null only")
	}
	if len(docs) == 0 {
		return nil, nil
	}
	one := bson.D{{Key: "_id", Value: nil}}
	for _, f := range fields[1:] {
		accumulator, _ := f.Value.(bson.D)
		value, err := accumulate(docs, accumulator)
		if err != nil {
			return nil, err
		}
		one = append(one, bson.E{Key: f.Key, Value: value})
	}
	return []bson.D{one}, nil
}

func accumulate(docs []bson.D, accumulator bson.D) (any, error) {
	if len(accumulator) != 1 {
		return nil, fails(40234, "Location40234", "a field must be an accumulator object")
	}
	var total, highest, lowest int64
	for i, d := range docs {
		value, err := evaluate(d, accumulator[0].Value)
		if err != nil {
			return nil, err
		}
		n, _ := toNumber(value)
		total += n
		if i == 0 {
			highest, lowest = n, n
		}
		highest, lowest = max(highest, n), min(lowest, n)
	}
	switch accumulator[0].Key {
	case "$sum":
		return total, nil
	case "$max":
		return highest, nil
	case "$min":
		return lowest, nil
	}
	return nil, fails(15952, "Location15952", "unknown group operator '%s'", accumulator[0].Key)
}

func replaceStage(docs []bson.D, by any) (out []bson.D, err error) {
	root, _ := by.(bson.D)
	for _, d := range docs {
		value, err := evaluate(d, get(root, "newRoot"))
		if err != nil {
			return nil, err
		}
		one, ok := value.(bson.D)
		if !ok {
			return nil, fails(40228, "Location40228", "'newRoot' expression must evaluate to an object")
		}
		out = append(out, one)
	}
	return out, nil
}
