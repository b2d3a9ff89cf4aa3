package fakemongod

import (
	"bytes"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// get is a field of a document; nil: there is none.
func get(d bson.D, key string) any {
	for _, e := range d {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

func text(d bson.D, key string) string { s, _ := get(d, key).(string); return s }

func document(d bson.D, key string) bson.D { sub, _ := get(d, key).(bson.D); return sub }

func list(d bson.D, key string) bson.A { a, _ := get(d, key).(bson.A); return a }

// number is a field as a count, whatever kind of number or truth it is.
func number(d bson.D, key string) int64 { n, _ := toNumber(get(d, key)); return n }

func toNumber(v any) (int64, bool) {
	switch n := v.(type) {
	case int32:
		return int64(n), true
	case int64:
		return n, true
	case float64:
		return int64(n), true
	case bool:
		if n {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

func truth(d bson.D, key string) bool { return number(d, key) != 0 }

// set replaces or adds a field.
func set(d bson.D, key string, value any) bson.D {
	for i := range d {
		if d[i].Key == key {
			d[i].Value = value
			return d
		}
	}
	return append(d, bson.E{Key: key, Value: value})
}

// same compares two values; numbers compare as numbers.
func same(a, b any) bool {
	x, xIs := toNumber(a)
	y, yIs := toNumber(b)
	if xIs && yIs {
		return x == y
	}
	return bytes.Equal(keyOf(a), keyOf(b))
}

// keyOf is a value as bytes, numbers of one worth alike.
func keyOf(v any) []byte {
	if n, ok := toNumber(v); ok {
		v = n
	}
	b, err := bson.Marshal(bson.D{{Key: "", Value: v}})
	if err != nil {
		return nil
	}
	return b
}

// matches is true of a document that has all the filter's fields; $ne is the
// one operator that is known.
func matches(d, filter bson.D) bool {
	for _, f := range filter {
		if not, ok := f.Value.(bson.D); ok && len(not) == 1 && not[0].Key == "$ne" {
			if same(get(d, f.Key), not[0].Value) {
				return false
			}
			continue
		}
		if !same(get(d, f.Key), f.Value) {
			return false
		}
	}
	return true
}

// updated is a copy with $set, $inc and, where new, $setOnInsert done; an
// update without operators replaces the document.
func updated(d, update bson.D, isNew bool) (bson.D, error) {
	out := append(bson.D{}, d...)
	if len(update) > 0 && update[0].Key[0] != '$' {
		return replaced(out, update), nil
	}
	for _, operator := range update {
		fields, _ := operator.Value.(bson.D)
		for _, f := range fields {
			switch operator.Key {
			case "$set":
				out = set(out, f.Key, f.Value)
			case "$setOnInsert":
				if isNew {
					out = set(out, f.Key, f.Value)
				}
			case "$inc":
				by, _ := toNumber(f.Value)
				out = set(out, f.Key, number(out, f.Key)+by)
			default:
				return nil, fails(9, "FailedToParse", "Unknown modifier: %s", operator.Key)
			}
		}
	}
	return out, nil
}

func replaced(old, by bson.D) bson.D {
	if id := get(old, "_id"); id != nil && get(by, "_id") == nil {
		return append(bson.D{{Key: "_id", Value: id}}, by...)
	}
	return by
}
