package quiesce

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lull-containers/lull/manifest"
)

func TestValidations(t *testing.T) {
	got, err := Validations(map[string]string{
		"mode": "fence", "validate.rows": "SELECT 1", "validate.rows.op": "ge", "validate.a-b_2": "SELECT 2",
	})
	want := []manifest.Validation{{Name: "a-b_2", Query: "SELECT 2", Operator: "eq"}, {Name: "rows", Query: "SELECT 1", Operator: "ge"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	for key, says := range map[string]string{
		"validate.":       "a name is",
		"validate.a.b":    "a name is",
		"validate.ü":      "a name is",
		"validate.x.op":   "there is no query",
		"validate.empty":  "there is no query",
		"validate.long":   "longer than",
		"validate.odd.op": "is not one of eq, ge",
	} {
		labels := map[string]string{key: map[string]string{"validate.empty": " ", "validate.long": strings.Repeat("x", 5000)}[key]}
		switch key {
		case "validate.odd.op":
			labels[key], labels["validate.odd"] = "lt", "SELECT 1"
		case "validate.", "validate.a.b", "validate.ü":
			labels[key] = "SELECT 1"
		}
		if got, err := Validations(labels); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "lull/validate.") {
			t.Errorf("%s: %+v, %v", key, got, err)
		}
	}
}

func TestHolds(t *testing.T) {
	null := Answer{Null: true}
	text := func(s string) Answer { return Answer{Value: s} }
	for _, tt := range []struct {
		operator string
		was, is  Answer
		want     bool
	}{
		{OpEqual, text("1"), text("1"), true},
		{OpEqual, text("1"), text("1.0"), false},
		{OpEqual, null, null, true},
		{OpEqual, null, text(""), false},
		{OpAtLeast, text("9"), text("10"), true},
		{OpAtLeast, text("10"), text("9"), false},
		{OpAtLeast, text("-2"), text("-1.5"), true},
		{OpAtLeast, text("123456789012345678901234567890"), text("123456789012345678901234567889"), false},
		{OpAtLeast, text("2026-11-30 08:00:00"), text("2026-11-30 08:00:01"), true},
		{OpAtLeast, text("2026-11-30 08:00:00"), text("2026-11-29 23:00:00"), false},
		{OpAtLeast, null, text("0"), true},
		{OpAtLeast, null, null, true},
		{OpAtLeast, text("0"), null, false},
		{OpAtLeast, text("1e999999999"), text("2"), true}, // no number of ours: byte by byte
	} {
		if got := Holds(tt.operator, tt.was, tt.is); got != tt.want {
			t.Errorf("%s: was %s, is %s: %t", tt.operator, tt.was, tt.is, got)
		}
	}
}

func FuzzHolds(f *testing.F) {
	f.Add("1", "2.5")
	f.Add("-", ".")
	f.Fuzz(func(t *testing.T, a, b string) {
		was, is := Answer{Value: a}, Answer{Value: b}
		if !Holds(OpAtLeast, was, was) {
			t.Errorf("%q is less than itself", a)
		}
		if !Holds(OpAtLeast, was, is) && !Holds(OpAtLeast, is, was) {
			t.Errorf("%q and %q are each less than the other", a, b)
		}
	})
}
