package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// flaky is the source of a test that fails when it is run for the first time.
const flaky = `func flaky(t *testing.T, mark string) {
	if _, err := os.Stat(mark); err != nil {
		os.WriteFile(mark, nil, 0o600)
		t.Error("the first time")
	}
}
`

func TestSecondTry(t *testing.T) {
	tests := map[string]struct {
		source string
		want   string
		ok     bool
	}{
		"passes then": {
			source: `func TestA(t *testing.T) { t.Run("one", func(t *testing.T) { t.Run("deep", func(t *testing.T) { flaky(t, "a") }) }); t.Run("two", func(t *testing.T) {}) }
func TestB(t *testing.T) {}`,
			want: "passed only at the second try:\n  case TestA/one: /deep case_test.go:13: the first time\n3 passed, 0 failed, 0 skipped\n",
			ok:   true,
		},
		"one of two": {
			source: `func TestA(t *testing.T) { t.Run("one", func(t *testing.T) { flaky(t, "a") }); t.Run("two", func(t *testing.T) { t.Error("always") }) }`,
			want:   "passed only at the second try:\n  case TestA/one: case_test.go:13: the first time\nfailed:\n  case TestA/two\n1 passed, 1 failed, 0 skipped\n",
		},
		"skips then": {
			source: `func TestA(t *testing.T) { if _, err := os.Stat("a"); err == nil { t.Skip("been here") }; flaky(t, "a") }
func TestB(t *testing.T) {}`,
			want: "skipped:\n  case TestA: been here\nfailed:\n  case TestA: failed, then skipped\n1 passed, 1 failed, 1 skipped\n",
		},
		"cut off is not tried": {
			source: `func TestA(t *testing.T) { flaky(t, "a") }
func TestB(t *testing.T) { os.Exit(3) }`,
			want: "failed:\n  case TestA\n  case TestB: it never ended\n0 passed, 2 failed, 0 skipped\n",
		},
		"left behind is not tried": {
			source: `func TestMain(m *testing.M) { m.Run(); os.Exit(1) }
func TestA(t *testing.T) {}`,
			want: "failed:\n  package example.org/case\n1 passed, 1 failed, 0 skipped\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			first := goTestIn(t, dir, flaky+tt.source)
			var out bytes.Buffer
			ok, err := run([]string{"-again", "example", "go", "-C", dir, "test", "-json", "-vet=off"}, bytes.NewReader(first), &out)
			if err != nil {
				t.Fatal(err)
			}
			if _, ending := split(out.String()); ending != tt.want || ok != tt.ok {
				t.Errorf("success %v (-want +got):\n%s\n%s", ok, cmp.Diff(tt.want, ending), out.String())
			}
		})
	}
}

// Many failures are a defect, not an accident.
func TestTooManyForASecondTry(t *testing.T) {
	var events strings.Builder
	for _, name := range strings.Split("abcdefghijklm", "") {
		events.WriteString(`{"Action":"run","Package":"p","Test":"Test` + name + `"}
{"Action":"fail","Package":"p","Test":"Test` + name + `"}
`)
	}
	var out bytes.Buffer
	ok, err := run([]string{"-again", "p", "false"}, strings.NewReader(events.String()), &out)
	if err != nil || ok || !strings.Contains(out.String(), "too many for a second try") {
		t.Errorf("success %v, %v: %s", ok, err, out.String())
	}
}
