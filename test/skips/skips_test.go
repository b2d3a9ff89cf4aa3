package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each case is a package that the real go test runs.
func TestRealRuns(t *testing.T) {
	tests := map[string]struct {
		source string
		shows  []string
		want   string // the ending
		forbid string
		ok     bool
	}{
		"pass and skip": {
			shows: []string{"pass  package example.org/case", "skip  case TestB/two"},
			source: `func TestA(t *testing.T) {}
func TestB(t *testing.T) { t.Run("one", func(t *testing.T) {}); t.Run("two", func(t *testing.T) { t.Skip("no mongod: set X") }) }`,
			want: "skipped:\n  case TestB/two: no mongod: set X\n2 passed, 0 failed, 1 skipped\n",
			ok:   true,
		},
		"failure below": {
			source: `func TestA(t *testing.T) { t.Run("one", func(t *testing.T) { t.Run("deep", func(t *testing.T) { t.Log("before"); t.Error("it broke") }) }); t.Run("two", func(t *testing.T) {}) }`,
			shows:  []string{"before", "it broke", "fail  case TestA/one/deep"},
			want:   "failed:\n  case TestA/one/deep\n1 passed, 1 failed, 0 skipped\n",
		},
		"failure of a cleanup, subtests fine": {
			source: `func TestA(t *testing.T) { t.Cleanup(func() { t.Error("left behind") }); t.Run("one", func(t *testing.T) {}) }`,
			want:   "failed:\n  case TestA\n1 passed, 1 failed, 0 skipped\n",
		},
		"subtest with a slash in its name": {
			source: `func TestA(t *testing.T) { t.Run("read/write", func(t *testing.T) {}); t.Run("a/b", func(t *testing.T) { t.Error("x") }) }`,
			want:   "failed:\n  case TestA/a/b\n1 passed, 1 failed, 0 skipped\n",
		},
		"silent skip": {
			source: `func TestA(t *testing.T) {}
func TestB(t *testing.T) { t.SkipNow() }`,
			want: "skipped:\n  case TestB: no reason given\nfailed:\n  case TestB: skipped without a reason\n1 passed, 1 failed, 1 skipped\n",
		},
		"forbidden skip": {
			source: `func TestA(t *testing.T) {}
func TestB(t *testing.T) { t.Skip("later") }`,
			forbid: "^TestB$",
			want:   "skipped:\n  case TestB: later\nfailed:\n  case TestB: skipped, but it may not be\n1 passed, 1 failed, 1 skipped\n",
		},
		"all skipped": {
			source: `func TestA(t *testing.T) { t.Skip("why") }`,
			want:   "skipped:\n  case TestA: why\nno test ran: all were skipped\n0 passed, 0 failed, 1 skipped\n",
		},
		"no test": {
			source: `func helper(*testing.T) {}`,
			want:   "no test ran: the selection matches none\n0 passed, 0 failed, 0 skipped\n",
		},
		"does not build": {
			source: `func TestA(t *testing.T) { undefined() }`,
			shows:  []string{"undefined: undefined", "fail  package example.org/case"},
			want:   "failed:\n  package example.org/case\n0 passed, 1 failed, 0 skipped\n",
		},
		"exits in the middle": {
			source: `func TestA(t *testing.T) {}
func TestB(t *testing.T) { os.Exit(3) }`,
			want: "failed:\n  case TestB: it never ended\n1 passed, 1 failed, 0 skipped\n",
		},
		"panics": {
			shows: []string{"panic: at the disco", "case_test.go:"},
			source: `func TestA(t *testing.T) { t.Run("one", func(*testing.T) { panic("at the disco") }) }
func TestB(t *testing.T) {}`,
			want: "failed:\n  case TestA/one\n0 passed, 1 failed, 0 skipped\n",
		},
		"fails in TestMain": {
			source: `func TestMain(m *testing.M) { m.Run(); println("left behind"); os.Exit(1) }
func TestA(t *testing.T) {}`,
			shows: []string{"left behind"},
			want:  "failed:\n  package example.org/case\n1 passed, 1 failed, 0 skipped\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			ok, err := run([]string{"-forbid", tt.forbid}, bytes.NewReader(goTest(t, tt.source)), &out)
			if err != nil {
				t.Fatal(err)
			}
			shown, ending := split(out.String())
			for _, s := range tt.shows {
				if !strings.Contains(shown, s) {
					t.Errorf("%q is not shown:\n%s", s, shown)
				}
			}
			if diff := cmp.Diff(tt.want, ending); diff != "" || ok != tt.ok {
				t.Errorf("success %v (-want +got):\n%s", ok, diff)
			}
		})
	}
}

// split parts what is shown while a run goes on from its ending.
func split(out string) (shown, ending string) {
	at := len(out)
	for _, first := range []string{"\nskipped:\n", "\npassed only at the second try:\n", "\nfailed:\n", "\nno test ran"} {
		if i := strings.Index("\n"+out, first); i >= 0 {
			at = min(at, i)
		}
	}
	if at == len(out) { // the last line
		at = strings.LastIndexByte(strings.TrimSuffix(out, "\n"), '\n') + 1
	}
	return out[:at], out[at:]
}

// goTest runs go test -json on a package with this source.
func goTest(t *testing.T, source string) []byte {
	t.Helper()
	return goTestIn(t, t.TempDir(), source)
}

func goTestIn(t *testing.T, dir, source string) []byte {
	t.Helper()
	files := map[string]string{
		"go.mod":       "module example.org/case\n\ngo 1.26\n",
		"case_test.go": "package case_test\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nvar _ = os.Exit\n\n" + source + "\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "test", "-json", "-vet=off", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	out, err := cmd.Output()
	if len(out) == 0 {
		t.Fatalf("go test said nothing: %v", err)
	}
	return out
}

// A run that was cut off, by hand: what began and never ended has failed.
func TestCutOffRun(t *testing.T) {
	const events = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestA"}
this line is no event
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"run","Package":"p","Test":"TestB/one"}`
	var out bytes.Buffer
	ok, err := run(nil, strings.NewReader(events), &out)
	if err != nil {
		t.Fatal(err)
	}
	want := "this line is no event\nfailed:\n  p TestB/one: it never ended\n1 passed, 1 failed, 0 skipped\n"
	if diff := cmp.Diff(want, out.String()); diff != "" || ok {
		t.Errorf("success %v (-want +got):\n%s", ok, diff)
	}
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{{"-forbid", "("}, {"-again", "["}, {"-no-such-flag"}} {
		if _, err := run(args, strings.NewReader(""), &bytes.Buffer{}); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"Action":"skip","Package":"p","Test":"T/a/b"}`))
	f.Add([]byte(`{"Action":"fail","Package":"p","Test":"/"}` + "\n" + `{"Action":"output","Package":"p","Test":"//","Output":"x"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var out bytes.Buffer
		ok, err := run(nil, bytes.NewReader(data), &out)
		if err != nil {
			t.Fatal(err)
		}
		if ok && strings.Contains(out.String(), "failed:") {
			t.Errorf("a success with failures:\n%s", out.String())
		}
	})
}
