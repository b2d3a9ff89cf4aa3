package quiesce

import (
	"slices"
	"testing"
)

func TestStatements(t *testing.T) {
	for text, want := range map[string][]string{
		"":            nil,
		"SELECT 1":    {"SELECT 1"},
		"SELECT 1;\n": {"SELECT 1"},
		"ALTER USER a\n  PASSWORD 'x;y';\n-- a comment;\n\nSELECT 2;": {"ALTER USER a\n  PASSWORD 'x;y'", "SELECT 2"},
		"CONFIG SET a b;\nCONFIG SET c d":                             {"CONFIG SET a b", "CONFIG SET c d"},
	} {
		if got := Statements(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
