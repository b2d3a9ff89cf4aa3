package quiescetest

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/lull-containers/lull/quiesce"
)

// Questions are queries as users write them for lull/validate.NAME.
type Questions struct {
	Count   string   // how many rows the clients' table has
	Nothing string   // has no value
	Refused []string // has no answer: it writes, waits, gives more than one value, is no query
}

// A Server with this method answers validations.
type inquiring interface{ Questions() Questions }

// questions skips the case for servers that are asked none.
func (s *suite) questions(t *testing.T) Questions {
	t.Helper()
	q, ok := s.server.(inquiring)
	if !ok {
		t.Skip("the harness has no questions for this server")
	}
	return q.Questions()
}

func (s *suite) validator(t *testing.T) quiesce.Validator {
	t.Helper()
	v, ok := s.open(t).(*watched).Session.(quiesce.Validator)
	if !ok {
		t.Fatal("the driver answers no validations")
	}
	return v
}

// A question's answer is of now, and each write is told by the mark, reads
// never.
func askCounts(t *testing.T, s *suite) {
	q := s.questions(t)
	v, ctx, client := s.validator(t), within(t), s.server.Client(t)
	must(t, client.Write(ctx))
	count := func() int {
		a, err := v.Ask(ctx, q.Count)
		must(t, err)
		n, err := strconv.Atoi(a.Value)
		must(t, err)
		return n
	}
	before, first := marked(ctx, t, v), count()
	if _, err := client.Rows(ctx); err != nil {
		t.Fatal(err)
	}
	if between := marked(ctx, t, v); between != before {
		t.Errorf("reading changed the mark of writes from %q to %q", before, between)
	}
	must(t, client.Write(ctx))
	if n := count(); n != first+1 {
		t.Errorf("%d rows, and %d after a write", first, n)
	}
	if after := marked(ctx, t, v); after == before {
		t.Errorf("a write left the mark at %q", after)
	}
	a, err := v.Ask(ctx, q.Nothing)
	must(t, err)
	if a != (quiesce.Answer{Null: true}) {
		t.Errorf("nothing is told as %+v", a)
	}
}

func marked(ctx context.Context, t *testing.T, v quiesce.Validator) string {
	t.Helper()
	mark, err := v.Writes(ctx)
	must(t, err)
	if mark == "" {
		t.Fatal("there is no mark of writes")
	}
	return mark
}

// A question without an answer is refused in one line, changes nothing, and the
// session goes on.
func askRefused(t *testing.T, s *suite) {
	q := s.questions(t)
	settings := s.server.Settings(t)
	v, ctx := s.validator(t), within(t)
	before := marked(ctx, t, v)
	for _, query := range q.Refused {
		a, err := v.Ask(ctx, query)
		var r *quiesce.Refusal
		if !errors.As(err, &r) || r.Remedy == "" || strings.Contains(err.Error(), "\n") || errors.Is(err, quiesce.ErrAgent) {
			t.Errorf("%q: %+v, %v", query, a, err)
		}
		if _, err := v.Ask(ctx, q.Count); err != nil {
			t.Fatalf("after %q: %v", query, err)
		}
	}
	if after := marked(ctx, t, v); after != before {
		t.Errorf("something was written: %q, then %q", before, after)
	}
	if now := s.server.Settings(t); now != settings {
		t.Errorf("settings were\n%s\nand are\n%s", settings, now)
	}
}
