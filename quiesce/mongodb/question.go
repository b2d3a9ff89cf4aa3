package mongodb

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lull-containers/lull/quiesce"
)

// question is a database command that only reads, and the database to ask.
type question struct {
	database string
	command  bson.D
}

// readers are the commands that only read and can give one value, with the
// arguments that they may have.
func readers() map[string][]string {
	return map[string][]string{
		"count":     {"query", "limit", "skip", "hint", "collation"},
		"aggregate": {"pipeline", "cursor", "hint", "collation", "let"},
		"dbHash":    {"collections"},
	}
}

// writers are the stages of a pipeline that write, and the one that waits.
func writers() []string { return []string{"$out", "$merge", "$changeStream"} }

// usualQuestion is the remedy for one that cannot be asked.
const usualQuestion = `write a database command that reads one value, as {"count": "orders", "$db": "shop"}`

// parse reads a query as people write it for db.runCommand: one command in
// JSON, with the database as $db unless there is a usual one.
func parse(query, usual string) (q question, err error) {
	if !json.Valid([]byte(query)) || bson.UnmarshalExtJSON([]byte(query), false, &q.command) != nil || len(q.command) == 0 {
		return q, unaskable("it is no database command in JSON", usualQuestion)
	}
	name := q.command[0].Key
	arguments, reads := readers()[name]
	if !reads {
		return q, unaskable(fmt.Sprintf("%q is not one of the commands count, aggregate, dbHash", name), usualQuestion)
	}
	if _, text := q.command[0].Value.(string); !text && name != "dbHash" {
		return q, unaskable(name+" names no collection", usualQuestion)
	}
	if q.database, q.command = databaseOf(q.command, usual); q.database == "" {
		return q, unaskable("it names no database", `add it, as in "$db": "shop"`)
	}
	for i, e := range q.command[1:] {
		twice := slices.ContainsFunc(q.command[:i+1], func(before bson.E) bool { return before.Key == e.Key })
		if twice || !slices.Contains(arguments, e.Key) {
			return q, unaskable(fmt.Sprintf("%s cannot have %q here", name, e.Key), "take it out; possible are "+strings.Join(arguments, ", "))
		}
	}
	if name == "aggregate" {
		q.command, err = bounded(q.command)
	}
	return q, err
}

// databaseOf takes $db out of a command; the library sets it.
func databaseOf(command bson.D, usual string) (database string, rest bson.D) {
	database = usual
	for _, e := range command {
		if e.Key == "$db" {
			database, _ = e.Value.(string)
			continue
		}
		rest = append(rest, e)
	}
	return database, rest
}

// bounded is an aggregate that sends no more than two documents, none of them
// long, and leaves no cursor open. A stage that writes has to be the last one,
// so that behind ours the server would refuse it too; inside other stages it
// always does.
func bounded(aggregate bson.D) (command bson.D, err error) {
	var pipeline bson.A
	for _, e := range aggregate {
		switch list, ok := e.Value.(bson.A); {
		case e.Key == "pipeline" && !ok:
			return nil, unaskable("its pipeline is no list", usualQuestion)
		case e.Key == "pipeline":
			pipeline = list
		case e.Key != "cursor":
			command = append(command, e)
		}
	}
	if err := reads(pipeline); err != nil {
		return nil, err
	}
	return append(command, bson.E{Key: "pipeline", Value: append(pipeline, atMostTwo(), shortened())},
		bson.E{Key: "cursor", Value: bson.D{{Key: "batchSize", Value: 3}}}), nil
}

func reads(pipeline bson.A) error {
	for _, stage := range pipeline {
		one, ok := stage.(bson.D)
		if !ok || len(one) != 1 {
			return unaskable("a stage of its pipeline is not one operator", usualQuestion)
		}
		if slices.Contains(writers(), one[0].Key) {
			return unaskable("it does not only read: "+one[0].Key, usualQuestion)
		}
	}
	return nil
}

func atMostTwo() bson.D { return bson.D{{Key: "$limit", Value: 2}} }

// shortened is a stage that puts two values, which are no answer, in the place
// of a document that is too long to be read.
func shortened() bson.D {
	size := bson.D{{Key: "$bsonSize", Value: "$$ROOT"}}
	short := bson.D{{Key: "$lte", Value: bson.A{size, maxDocument}}}
	instead := bson.D{{Key: "size", Value: size}, {Key: "limit", Value: maxDocument}}
	choice := bson.D{{Key: "$cond", Value: bson.A{short, "$$ROOT", instead}}}
	return bson.D{{Key: "$replaceRoot", Value: bson.D{{Key: "newRoot", Value: choice}}}}
}

// maxDocument is the size of a document whose value may be an answer, in bytes.
const maxDocument = 2 * quiesce.MaxAnswer

func unaskable(what, remedy string) error {
	return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: what, Remedy: remedy}
}

// usualDatabase is the one that the images make.
func usualDatabase(env map[string]string) string {
	return cmp.Or(env["MONGO_INITDB_DATABASE"], env["MONGODB_DATABASE"])
}

// readable refuses validations that could not be asked, before anything is
// touched. Labels that are wrong in another way are told by who asks.
func (s *session) readable(context.Context) error {
	all, err := quiesce.Validations(s.labels)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	for _, v := range all {
		if _, err := parse(v.Query, s.database); err != nil {
			return fmt.Errorf("validation %s: %w", v.Name, err)
		}
	}
	return nil
}
