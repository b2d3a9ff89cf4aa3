package quiesce

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Validator answers queries of the user's. A session that has none of it
// answers no validations.
type Validator interface {
	// Ask runs one query that must give one value: read-only, within ctx on
	// the server's side too, and reading no more than MaxAnswer bytes of it.
	Ask(ctx context.Context, query string) (Answer, error)
	// Writes is a mark that is another one after each write of a client's that
	// was committed, and the same after any number of reads. Empty: the server
	// has none.
	Writes(ctx context.Context) (string, error)
}

// Answer is the one value that a query gave.
type Answer struct {
	Value string `json:"value"`
	Null  bool   `json:"null,omitempty"` // no value at all: NULL, nil
}

// MaxAnswer bounds an answer, in bytes.
const MaxAnswer = 1024

// NewAnswer refuses what is too long, or no text.
func NewAnswer(value string, more bool) (Answer, error) {
	switch {
	case more || len(value) > MaxAnswer:
		return Answer{}, &Refusal{Class: ErrUnsupported, What: fmt.Sprintf("the answer is longer than %d bytes", MaxAnswer),
			Remedy: "ask for a count, a maximum or a checksum"}
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		return Answer{}, &Refusal{Class: ErrUnsupported, What: "the answer is no text", Remedy: "ask for a count, a maximum or a checksum"}
	}
	return Answer{Value: value}, nil
}
