package fakemongod

import (
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// failure is an error that a client is told, by MongoDB's codes.
type failure struct {
	code   int32
	name   string
	text   string
	labels []string
}

func (f *failure) Error() string { return f.text }

func fails(code int32, name, format string, args ...any) error {
	return &failure{code: code, name: name, text: fmt.Sprintf(format, args...)}
}

func unauthorized(db, command string) error {
	return fails(13, "Unauthorized", "not authorized on %s to execute command { %s: ... }", db, command)
}

// writeConflict ends a transaction; the client may try the whole of it again.
func writeConflict() error {
	return &failure{112, "WriteConflict", "Caused by :: Write conflict during plan execution and yielding is disabled.", []string{"TransientTransactionError"}}
}

func noSuchTransaction(number int64) error {
	return &failure{251, "NoSuchTransaction", fmt.Sprintf("Given transaction number %d does not match any in-progress transactions.", number), []string{"TransientTransactionError"}}
}

func answerTo(err error) bson.D {
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{code: 8, name: "UnknownError", text: err.Error()}
	}
	d := bson.D{{Key: "ok", Value: 0.0}, {Key: "errmsg", Value: f.text}, {Key: "code", Value: f.code}, {Key: "codeName", Value: f.name}}
	if len(f.labels) > 0 {
		d = append(d, bson.E{Key: "errorLabels", Value: f.labels})
	}
	return d
}
