package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func defaults(t *testing.T) Settings {
	t.Helper()
	s, err := Default().For(nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFor(t *testing.T) {
	for _, tc := range []struct {
		name   string
		labels map[string]string
		says   []string // in the error; none: no error
		change func(*Settings)
	}{
		{"none", nil, nil, func(*Settings) {}},
		{"words", map[string]string{"mode": "fence", "require": "clean", "in-flight": "abort", "connections": "keep",
			"on-drift": "cold", "volumes": "fingerprint"}, nil, func(s *Settings) {
			s.Mode, s.Require, s.InFlight, s.Connections, s.OnDrift, s.Volumes = "fence", "clean", "abort", "keep", "cold", "fingerprint"
		}},
		{"durations", map[string]string{"pause-budget": "1s", "drain-timeout": "0s", "max-frozen": "2m", "restore-deadline": "900ms"}, nil, func(s *Settings) {
			s.PauseBudget, s.DrainTimeout, s.MaxFrozen, s.RestoreDeadline = time.Second, 0, 2*time.Minute, 900*time.Millisecond
		}},
		{"size", map[string]string{"max-copy": "500MiB"}, nil, func(s *Settings) { s.MaxCopy = 500 << 20 }},
		{"other labels", map[string]string{"engine": "postgres", "user": "x"}, nil, func(*Settings) {}},
		{"two wrong, one right", map[string]string{"mode": "x", "max-frozen": "soon", "on-drift": "cold"},
			[]string{`lull/mode="x"`, `lull/max-frozen="soon"`}, func(s *Settings) { s.OnDrift = "cold" }},
		{"negative", map[string]string{"max-frozen": "-1s"}, []string{"lull/max-frozen"}, func(*Settings) {}},
		{"size wrong", map[string]string{"max-copy": "much"}, []string{"lull/max-copy"}, func(*Settings) {}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Default().For(tc.labels)
			want := defaults(t)
			tc.change(&want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if (err == nil) != (tc.says == nil) {
				t.Fatalf("error %v", err)
			}
			for _, text := range tc.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("error %q does not say %s", err, text)
				}
			}
		})
	}
}

// The labels of one container must not change the next one's.
func TestForLeavesTheConfig(t *testing.T) {
	c := Default()
	if _, err := c.For(map[string]string{"mode": "none", "max-copy": "1B", "max-frozen": "1s"}); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c, Default()) {
		t.Errorf("changed to %+v", c)
	}
}

func FuzzFor(f *testing.F) {
	f.Add("mode", "fence")
	f.Add("max-copy", "10GiB")
	f.Add("max-frozen", "1m")
	f.Fuzz(func(t *testing.T, key, value string) {
		s, err := Default().For(map[string]string{key: value})
		if err == nil && (s.MaxCopy < 0 || s.MaxFrozen < 0 || s.PauseBudget < 0) {
			t.Errorf("%s=%q: %+v", key, value, s)
		}
	})
}
