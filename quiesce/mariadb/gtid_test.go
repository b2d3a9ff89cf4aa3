package mariadb

import (
	"context"
	"testing"
)

func TestReached(t *testing.T) {
	for _, c := range []struct {
		was, is string
		want    bool
	}{
		{"", "", true},
		{"", "0-1-7", true},
		{"0-1-7", "0-1-7", true},
		{"0-1-7", "0-2-8", true}, // another server wrote since
		{"0-1-7", "0-1-6", false},
		{"0-1-7,1-1-3", "0-1-9", false},
		{"0-1-7,1-1-3", "1-1-3,0-1-7", true},
		{"0-1-7", "", false},
		{"0-1-7", "garbage", false},
	} {
		got, err := engine{}.Reached(context.Background(), nil, c.was, c.is)
		if err != nil || got != c.want {
			t.Errorf("%q after %q: %v, %v", c.is, c.was, got, err)
		}
	}
}
