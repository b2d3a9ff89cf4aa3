package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRender(t *testing.T) {
	noted := filepath.Join(t.TempDir(), "cells")
	lines := `{"engine":"containerd","version":"1.7","database":"redis 8.0","how":"stop","result":"fail","test":"T"}
{"engine":"containerd","version":"1.7","database":"redis 8.0","how":"stop","result":"pass","test":"T"}
{"engine":"podman","version":"5.8","database":"redis 8.0","how":"stop","result":"not run","reason":"a | b\nc","test":"T"}
`
	if err := os.WriteFile(noted, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run([]string{noted}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| containerd | 1.7 | redis 8.0 | stop | pass |  |\n",
		`| podman | 5.8 | redis 8.0 | stop | not run | a \| b c |`,
		"| runc | 1.5 | postgres | stop | not run | no test of this run fills it |\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "fail") || strings.Count(out.String(), "| containerd | 1.7 | redis") != 2 {
		t.Errorf("a test that was run again stands twice:\n%s", out.String())
	}
}

func TestRefused(t *testing.T) {
	if err := run(nil, &strings.Builder{}); err == nil {
		t.Error("no file")
	}
	bad := filepath.Join(t.TempDir(), "cells")
	if err := os.WriteFile(bad, []byte("{\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{bad}, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("%v", err)
	}
}
