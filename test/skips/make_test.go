package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What the report says is what make ends with, also after a second try.
func TestMake(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is not installed")
	}
	for name, tt := range map[string]struct {
		mark string
		ok   bool
	}{
		"passes at the second try": {mark: filepath.Join(t.TempDir(), "mark"), ok: true},
		"fails twice":              {mark: "/dev/null/mark"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command("make", "--no-print-directory", "-C", "../..", "unit",
				"UNIT=./test/skips/testdata/flaky", "REPORT=$(GO) run ./test/skips -again testdata go test -json -count=1")
			cmd.Env = append(os.Environ(), "LULL_FLAKY_MARK="+tt.mark, "MAKEFLAGS=")
			out, err := cmd.CombinedOutput()
			if tt.ok != (err == nil) || !strings.Contains(string(out), "again flaky TestFlaky") {
				t.Errorf("%v:\n%s", err, out)
			}
		})
	}
}

// A go test that fails without a failed test is a failure all the same, and
// one that a failed test explains is counted once.
func TestExits(t *testing.T) {
	for name, tt := range map[string]struct{ events, want string }{
		"unexplained": {
			`{"Action":"pass","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"exit","Elapsed":2}`,
			"failed:\n  package go test, exit status 2, without a failed test\n1 passed, 1 failed, 0 skipped\n",
		},
		"explained": {
			`{"Action":"fail","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"exit","Elapsed":1}`,
			"failed:\n  p TestA\n0 passed, 1 failed, 0 skipped\n",
		},
		"explained by the other": {
			`{"Action":"fail","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"exit","Elapsed":1}` + "\n" + `{"Action":"exit","Elapsed":1}`,
			"failed:\n  p TestA\n  package go test, exit status 1, without a failed test\n0 passed, 2 failed, 0 skipped\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			ok, err := run(nil, strings.NewReader(tt.events+"\n"), &out)
			if _, ending := split(out.String()); err != nil || ok || ending != tt.want {
				t.Errorf("success %v, %v:\n%s", ok, err, out.String())
			}
		})
	}
}
