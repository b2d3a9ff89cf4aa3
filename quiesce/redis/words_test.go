package redis

import (
	"slices"
	"testing"
)

func TestCommandWords(t *testing.T) {
	for line, want := range map[string][]string{
		"DBSIZE":              {"DBSIZE"},
		"  HGET shop\ttotal ": {"HGET", "shop", "total"},
		`GET "a key"`:         {"GET", "a key"},
		`GET 'it is "so"'`:    {"GET", `it is "so"`},
		`SET k ""`:            {"SET", "k", ""},
		`GET "open`:           nil,
		"":                    nil,
		" ":                   nil,
		`""`:                  nil,
		"LLEN\xff":            {"LLEN\ufffd"},
	} {
		got, err := commandWords(line)
		if !slices.Equal(got, want) || (err != nil) != (want == nil) {
			t.Errorf("%q: %q, %v", line, got, err)
		}
	}
}
