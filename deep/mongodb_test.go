package deep

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A member recovers from its oplog, a server of its own does not; a layout
// that was an argument is kept; and what only lacks a program, a configuration
// or a key is not called damaged.
func TestMongoScript(t *testing.T) {
	bin, tmp := t.TempDir(), t.TempDir()
	program := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run := func(role string, args ...string) (int, string) {
		script := strings.ReplaceAll(mongodbScript, "/tmp", tmp)
		cmd := exec.Command("sh", append([]string{"-c", script, "deep", "start"}, args...)...)
		cmd.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "DATA=/data/db", "ROLE=" + role}
		out, _ := cmd.Output()
		return cmd.ProcessState.ExitCode(), oneLine(string(out))
	}
	program("mongod", `echo "$@" >"`+tmp+`/started"; sleep 10`)
	if code, said := run("primary"); code != notApplicable || said != "no mongosh in the image" {
		t.Errorf("no mongosh: %d, %s", code, said)
	}
	program("mongosh", `[ -e "`+tmp+`/started" ] && echo "MongoDB has started"`)
	const alone = "--dbpath /data/db --bind_ip 127.0.0.1 --port 27017 --setParameter ttlMonitorEnabled=false"
	for role, want := range map[string]string{
		"standalone": alone + " --directoryperdb", "secondary": alone + " --directoryperdb --setParameter recoverFromOplogAsStandalone=true",
	} {
		if err := os.RemoveAll(filepath.Join(tmp, "started")); err != nil {
			t.Fatal(err)
		}
		code, said := run(role, "--replSet", "--directoryperdb", "--auth")
		started, err := os.ReadFile(filepath.Join(tmp, "started"))
		if code != 0 || said != "MongoDB has started" || strings.TrimSpace(string(started)) != want {
			t.Errorf("%s: %d, %s; started with %s, %v", role, code, said, started, err)
		}
	}
	program("mongosh", "exit 1")
	for line, want := range map[string]int{
		"WiredTiger error: read checksum error":                                            1,
		"Requested option conflicts with current storage engine option for directoryPerDB": notApplicable,
	} {
		program("mongod", "echo '"+line+"'")
		if code, said := run("primary"); code != want || !strings.Contains(said, line) {
			t.Errorf("%s: %d, %s", line, code, said)
		}
	}
}
