package criu

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestExplain(t *testing.T) {
	failed := errors.New("criu failed: type DUMP")
	tests := map[string]struct{ log, want string }{
		"nothing said": {"(00.1) Dumping finished\n", "criu failed: type DUMP"},
		"first errors, once each": {
			"(00.1) Warn  (criu/x.c:1): odd\n" +
				"(00.2) Error (criu/sk-inet.c:189): inet: Connected TCP socket\n" +
				"(00.2)     17: Error (criu/sk-inet.c:189): inet: Connected TCP socket\n" +
				"(00.3) Error (criu/cr-dump.c:1): Dump files (pid: 5) failed with -1\n(00.4) Error (c:1): three\n(00.5) Error (c:1): four\n",
			"criu failed: type DUMP: CRIU says: inet: Connected TCP socket; Dump files (pid: 5) failed with -1; three",
		},
		"remedy": {
			"(00.2) Error (criu/sockets.c:1): Can't get 1:16 opt: Operation not supported\n",
			"criu failed: type DUMP: CRIU says: Can't get 1:16 opt: Operation not supported (kernels from 6.16 on need CRIU 4.2 or newer)",
		},
		"a line that never ends": {
			"Error (c:1): " + strings.Repeat("x", 100000) + "\nError (c:1): two\n",
			"criu failed: type DUMP: CRIU says: " + strings.Repeat("x", longestReason) + "…; two",
		},
		"control characters": {"Error (c:1): a\tb\x1b[31mc\n", "criu failed: type DUMP: CRIU says: a b [31mc"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), DumpLog)
			if err := os.WriteFile(path, []byte(tt.log), 0o600); err != nil {
				t.Fatal(err)
			}
			err := Explain(failed, path)
			if err.Error() != tt.want || !errors.Is(err, failed) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
	if err := Explain(failed, filepath.Join(t.TempDir(), "none")); !errors.Is(err, failed) || err.Error() != failed.Error() {
		t.Errorf("without a log: %v", err)
	}
}

func FuzzReasons(f *testing.F) {
	f.Add("(00.1) Error (criu/x.c:1): text\n")
	f.Add("Error (:): \xff\x00\r\nError ():")
	f.Fuzz(func(t *testing.T, log string) {
		reasons, err := Reasons(strings.NewReader(log))
		if err != nil || len(reasons) > mostReasons {
			t.Fatalf("%d reasons, %v", len(reasons), err)
		}
		for _, r := range reasons {
			if !utf8.ValidString(r) || strings.ContainsAny(r, "\n\r\x00\x1b") {
				t.Errorf("not a line for a person: %q", r)
			}
		}
	})
}
