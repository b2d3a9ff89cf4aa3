package criu

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program writes a shell script that stands for criu or runc.
func program(t *testing.T, dir, name, script string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestPrograms(t *testing.T) {
	kernel := Version{6, 18, 0}
	for _, tc := range []struct {
		name, criu, runc string
		want             []string // severity and check
		says             string   // in the first finding that is not ok
	}{
		{"fit", `[ "$1" = check ] && exit 0; echo "Version: 4.2.1"`, `echo runc version 1.5.2`,
			[]string{"ok criu", "ok criu check", "ok runc"}, ""},
		{"CRIU too old", `echo Version: 3.17.1`, `echo runc version 1.5.2`,
			[]string{"fail criu", "ok runc"}, "CRIU 3.17.1"},
		{"runc too old", `[ "$1" = check ] && exit 0; echo Version: 4.2`, `echo runc version 1.3.6`,
			[]string{"ok criu", "ok criu check", "fail runc"}, "runc 1.3.6"},
		{"kernel lacks something", `[ "$1" = check ] && { echo "Error: no UNIX_DIAG" >&2; exit 1; }; echo Version: 4.2`, `echo runc version 1.6.0`,
			[]string{"ok criu", "fail criu check", "ok runc"}, "no UNIX_DIAG"},
		{"does not start", `exit 3`, `echo runc version 1.6.0`,
			[]string{"fail criu", "ok runc"}, "exit status 3"},
		{"says nonsense", `echo hello`, `echo runc version 1.6.0`,
			[]string{"fail criu", "ok runc"}, "no version"},
		{"absent", "", "", []string{"fail criu", "fail runc"}, "not on containerd's PATH"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			if tc.criu != "" {
				program(t, dir, "criu", tc.criu)
				program(t, dir, "runc", tc.runc)
			}
			env := Environment{Path: dir}
			got := append(env.criu(context.Background(), kernel), env.runc(context.Background(), kernel))
			if checks(got) != strings.Join(tc.want, ", ") {
				t.Errorf("got %v, want %v", got, tc.want)
			}
			for _, f := range got {
				if f.Severity != OK {
					if !strings.Contains(f.What, tc.says) || f.Remedy == "" {
						t.Errorf("%+v does not say %q and a remedy", f, tc.says)
					}
					break
				}
			}
		})
	}
}

func TestCapabilities(t *testing.T) {
	for status, want := range map[string]string{
		"Name:\tx\nCapEff:\t000001ffffffffff\n": "ok capabilities",
		"CapEff:\t000001fffeffffff\n":           "warn capabilities",
		"CapEff:\t000001ffffdfffff\n":           "fail capabilities",
	} {
		set, err := effective(status)
		if err != nil || checks(missing(set)) != want {
			t.Errorf("%q: %v, %v; want %s", status, missing(set), err, want)
		}
	}
	for _, status := range []string{"", "CapEff:\tzz\n"} {
		if _, err := effective(status); err == nil {
			t.Errorf("%q: no error", status)
		}
	}
}

func TestWorst(t *testing.T) {
	for _, tc := range []struct {
		in   []Severity
		want Severity
	}{{nil, OK}, {[]Severity{OK, Warn, OK}, Warn}, {[]Severity{Warn, Fail, OK}, Fail}} {
		var all []Finding
		for _, s := range tc.in {
			all = append(all, Finding{Severity: s})
		}
		if got := Worst(all); got != tc.want {
			t.Errorf("%v: %s", tc.in, got)
		}
	}
}
