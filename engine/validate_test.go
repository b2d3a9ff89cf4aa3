package engine

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// oracle is a conversation that answers queries, each with itself.
type oracle struct {
	conversation
	mark string
	err  error
}

func (o *oracle) Ask(_ context.Context, query string) (quiesce.Answer, error) {
	return quiesce.Answer{Value: query}, o.err
}
func (o *oracle) Writes(context.Context) (string, error) { return o.mark, nil }

func asking(t *testing.T, s Session) *Cut {
	t.Helper()
	k := cut(t, config.Settings{Mode: modeFence, Require: "crash-consistent"})
	k.c.Labels = map[string]string{"lull/validate.a": "1", "lull/validate.b": "2", "lull/validate.b.op": "ge"}
	k.session = s
	return k
}

// "Equal" is held against a restore only where nobody could write.
func TestWhatAValidationIsWorth(t *testing.T) {
	for name, tt := range map[string]struct {
		fenced   bool
		inFlight int
		mark     string
		want     bool
	}{
		"fenced": {true, 0, "7", true}, "not fenced": {false, 0, "7", false},
		"with a write in flight": {true, 1, "7", false}, "without a mark of writes": {true, 0, "", false},
	} {
		k := asking(t, &oracle{mark: tt.mark})
		if err := k.validate(t.Context()); err != nil || k.obstacle != nil {
			t.Fatal(err, k.obstacle)
		}
		k.fenced, k.tx.InFlight = tt.fenced, tt.inFlight
		if v := k.validated(); len(v) != 2 || v[0].Comparable != tt.want || !v[1].Comparable || v[0].Answer != "1" {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// A query without an answer makes the checkpoint impossible, at any level.
func TestValidationWithoutAnAnswer(t *testing.T) {
	for _, s := range []Session{&oracle{err: errors.New("no such table")}, &conversation{}} {
		k := asking(t, s)
		if err := k.validate(t.Context()); err != nil || k.obstacle == nil {
			t.Errorf("%v, obstacle %v", err, k.obstacle)
		}
		if err := (&dump{Cut: k}).require(t.Context()); err == nil {
			t.Error("it is dumped")
		}
	}
	k := asking(t, &oracle{err: &quiesce.Refusal{Class: quiesce.ErrAgent, What: "died"}})
	if err := k.validate(t.Context()); !errors.Is(err, quiesce.ErrAgent) {
		t.Errorf("%v", err)
	}
}

// Validations that nobody asked make the checkpoint impossible: because the mode
// asks nothing, because of what failed before, or because they cannot be read.
func TestValidationsThatNobodyAsked(t *testing.T) {
	boom := errors.New("boom")
	for name, tt := range map[string]struct {
		labels     map[string]string
		reason     error
		impossible string
	}{
		"none":                {nil, boom, ""},
		"the mode":            {map[string]string{"lull/validate.a": "1"}, nil, "lull/mode=none"},
		"a failure":           {map[string]string{"lull/validate.a": "1"}, boom, "boom"},
		"a label that is bad": {map[string]string{"lull/validate.a": "1", "lull/validate.a.op": "like"}, nil, "like"},
	} {
		k := cut(t, config.Settings{Mode: modeNone, Require: "crash-consistent"})
		k.c.Labels, k.reason = tt.labels, tt.reason
		k.unasked()
		if (tt.impossible == "") != (k.obstacle == nil) || k.obstacle != nil && !strings.Contains(k.obstacle.Error(), tt.impossible) {
			t.Errorf("%s: %v", name, k.obstacle)
		}
	}
	k := asking(t, &oracle{mark: "7"})
	if err := k.validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if k.reason = boom; k.obstacle == nil {
		k.unasked()
	}
	if k.obstacle != nil {
		t.Errorf("it was asked, but %v", k.obstacle)
	}
}

func TestJudgeAnswer(t *testing.T) {
	eq := manifest.Validation{Name: "a", Operator: "eq", Answer: "1", Writes: "7", Comparable: true}
	ge := manifest.Validation{Name: "a", Operator: "ge", Answer: "1", Comparable: true}
	loose := eq
	loose.Comparable = false
	for name, tt := range map[string]struct {
		was    manifest.Validation
		is     string
		mark   string
		broken bool
		says   string
	}{
		"the same":                     {eq, "1", "7", false, `recorded "1", found "1"`},
		"another":                      {eq, "2", "7", true, `recorded "1", found "2"`},
		"another, after a write":       {eq, "2", "8", false, "waited for the fence"},
		"another, without a fence":     {loose, "2", "7", false, "not comparable"},
		"more":                         {ge, "2", "8", false, "(ge)"},
		"less":                         {ge, "0", "8", true, "(ge)"},
		"less, where nothing was sure": {manifest.Validation{Name: "a", Operator: "ge", Answer: "1"}, "0", "", false, "not comparable"},
	} {
		var v quiesce.Verdict
		judgeAnswer(&v, tt.was, quiesce.Answer{Value: tt.is}, tt.mark)
		if (len(v.Broken) > 0) != tt.broken || len(v.Checked) != 1 || !strings.Contains(v.Checked[0], tt.says) {
			t.Errorf("%s: %+v", name, v)
		}
	}
}
