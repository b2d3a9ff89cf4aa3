package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/shim"
)

// lull runs the command line, without a containerd.
func lull(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	args = append([]string{"--address", filepath.Join(t.TempDir(), "none.sock")}, args...)
	code = run(args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func TestCommandLine(t *testing.T) {
	empty := t.TempDir()
	for _, tc := range []struct {
		args string
		code int
		says string // on standard error
	}{
		{"version", exitOK, ""},
		{"", exitOK, ""},
		{"nonsense", exitUsage, "see `lull --help`"},
		{"--nonsense", exitUsage, "see `lull --help`"},
		{"ps more", exitUsage, "see `lull ps --help`"},
		{"checkpoint", exitUsage, "see `lull checkpoint --help`"},
		{"checkpoint a b c", exitUsage, ""},
		{"checkpoint db --mode=wipe", exitUsage, "use one of flush, fence, none"},
		{"restore", exitUsage, ""},
		{"restore cp ../x", exitUsage, "give another NAME"},
		{"restore cp --rollback --cold", exitUsage, "rollback"},
		{"inspect", exitUsage, ""},
		{"inspect " + empty, exitManifest, "no consistency manifest"},
		{"thaw", exitUsage, "--all"},
		{"thaw db --all", exitUsage, "--all"},
		{"allow-rollback ../x", exitUsage, "give a container's id"},
		{"allow-rollback db --for=0s", exitUsage, ""},
		{"allow-rollback db --for=soon", exitUsage, ""},
		{"ps", exitContainerd, "start it, name its socket with --address"},
		{"checkpoint db", exitContainerd, "containerd does not answer"},
		{"restore cp", exitContainerd, ""},
		{"inspect db", exitContainerd, ""},
		{"thaw db", exitContainerd, ""},
		{"thaw --all", exitContainerd, ""},
		{"doctor db", exitContainerd, ""},
		{"container-metadata db", exitContainerd, ""},
	} {
		t.Run(tc.args, func(t *testing.T) {
			code, out, errOut := lull(t, strings.Fields(tc.args)...)
			if code != tc.code || !strings.Contains(errOut, tc.says) {
				t.Errorf("exit code %d, want %d; standard error %q, want %q", code, tc.code, errOut, tc.says)
			}
			if code != exitOK && (out != "" || strings.Count(errOut, "\n") != 1) {
				t.Errorf("an error is not one line: %q, and %q on standard output", errOut, out)
			}
		})
	}
}

func TestHelpListsExitCodes(t *testing.T) {
	_, out, _ := lull(t, "--help")
	for _, c := range exitCodes {
		if !strings.Contains(out, c.meaning) {
			t.Errorf("--help does not say %q", c.meaning)
		}
	}
}

// docs/CLI.md describes each command and flag that is not hidden.
func TestEveryCommandIsDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../docs/CLI.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range newRoot(&app{}).Commands() {
		if cmd.Hidden || cmd.Name() == "completion" || cmd.Name() == "help" {
			continue
		}
		if !strings.Contains(string(raw), "## lull "+cmd.Use+"\n") {
			t.Errorf("docs/CLI.md has no heading %q", "## lull "+cmd.Use)
		}
		flagsDocumented(t, string(raw), cmd)
	}
}

func flagsDocumented(t *testing.T, text string, cmd *cobra.Command) {
	t.Helper()
	_, section, _ := strings.Cut(text, "## lull "+cmd.Use+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, usage := range strings.Split(cmd.LocalNonPersistentFlags().FlagUsages(), "\n") {
		for _, word := range strings.Fields(usage) {
			if strings.HasPrefix(word, "--") && word != "--help" && !strings.Contains(section, "`"+word) {
				t.Errorf("docs/CLI.md does not describe %s of lull %s", word, cmd.Name())
			}
		}
	}
}

// A permit can be left while containerd is down.
func TestAllowRollback(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(conf, []byte("state_dir = '"+dir+"'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{"--cold": driftCold, "--cold=false": driftRollback} {
		code, out, errOut := lull(t, "--config", conf, "-n", "ns", "allow-rollback", "db", "--for", "5m", flag, "--json")
		var said allowed
		if err := json.Unmarshal([]byte(out), &said); err != nil || code != exitOK || said.OnDrift != want || said.ID != "db" {
			t.Errorf("exit code %d, %q, %q: %v", code, out, errOut, err)
		}
		p, ok, err := state.Take(dir, "ns", "db", time.Now().Add(4*time.Minute))
		if !ok || err != nil || p.OnDrift != want {
			t.Errorf("permit %+v, %v, %v", p, ok, err)
		}
		if err := state.Allow(dir, "ns", "db", p); err != nil {
			t.Fatal(err)
		}
		if _, ok, _ := state.Take(dir, "ns", "db", time.Now().Add(6*time.Minute)); ok {
			t.Error("the permit does not end")
		}
	}
}

// The shim reads what this command prints.
func TestMetadataFitsTheShim(t *testing.T) {
	raw, err := json.Marshal(containerMetadata{Labels: map[string]string{"a": "b"}, Image: "i", Snapshotter: "s", Runtime: "r"})
	if err != nil {
		t.Fatal(err)
	}
	var read shim.Metadata
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&read); err != nil {
		t.Fatal(err)
	}
	if read.Labels["a"] != "b" || read.Image != "i" || read.Snapshotter != "s" || read.Runtime != "r" {
		t.Errorf("read %+v", read)
	}
}
