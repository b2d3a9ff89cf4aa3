package quiesce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lull-containers/lull/manifest"
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

// The operators of a validation.
const (
	OpEqual   = "eq" // the same answer
	OpAtLeast = "ge" // no less: numbers by their value, other text byte by byte
)

// Validations are the queries that a container's labels name, whose keys are
// without the prefix lull/: validate.NAME is a query, validate.NAME.op its
// operator. They are sorted by name. What cannot be understood is an error.
func Validations(labels map[string]string) (all []manifest.Validation, err error) {
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		rest, ok := strings.CutPrefix(key, "validate.")
		if !ok {
			continue
		}
		name, ofOperator := strings.CutSuffix(rest, ".op")
		v := manifest.Validation{Name: name, Query: labels["validate."+name], Operator: cmp.Or(labels["validate."+name+".op"], OpEqual)}
		if err := checkValidation(v); err != nil {
			return nil, fmt.Errorf("lull/%s: %w", key, err)
		}
		if !ofOperator {
			all = append(all, v)
		}
	}
	return all, nil
}

// maxQuery bounds a query, in bytes.
const maxQuery = 4 << 10

func checkValidation(v manifest.Validation) error {
	switch {
	case v.Name == "" || strings.Trim(strings.ToLower(v.Name), "abcdefghijklmnopqrstuvwxyz0123456789_-") != "":
		return errors.New("a name is of letters, digits, _ and -, as in lull/validate.rows")
	case strings.TrimSpace(v.Query) == "":
		return fmt.Errorf("there is no query lull/validate.%s, or it is empty", v.Name)
	case len(v.Query) > maxQuery:
		return fmt.Errorf("the query is longer than %d bytes; make it a view or a function", maxQuery)
	case v.Operator != OpEqual && v.Operator != OpAtLeast:
		return fmt.Errorf("the operator %q is not one of %s, %s", v.Operator, OpEqual, OpAtLeast)
	}
	return nil
}

// Holds compares the answer that was recorded with the one there is now.
// Nothing is at least nothing, and everything else is more.
func Holds(operator string, was, is Answer) bool {
	switch {
	case operator == OpEqual:
		return was == is
	case was.Null || is.Null:
		return was.Null
	}
	a, aok := number(was.Value)
	b, bok := number(is.Value)
	if aok && bok {
		return b.Cmp(a) >= 0
	}
	return is.Value >= was.Value
}

// number is that of a decimal without an exponent, which could be any size.
func number(text string) (*big.Rat, bool) {
	digits, fraction, dotted := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if digits == "" || strings.Trim(digits, "0123456789") != "" || dotted && (fraction == "" || strings.Trim(fraction, "0123456789") != "") {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// String is the value, for people.
func (a Answer) String() string {
	if a.Null {
		return "nothing"
	}
	return strconv.Quote(a.Value)
}
