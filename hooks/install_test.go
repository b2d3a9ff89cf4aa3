package hooks

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/criu"
)

func installation(t *testing.T) Installation {
	t.Helper()
	dir := t.TempDir()
	return Installation{
		Lull: "/usr/local/bin/lull", Config: "/etc/lull/config.toml", Connections: criu.Close,
		CRIUConfig: filepath.Join(dir, "criu", "runc.conf"), Script: filepath.Join(dir, "libexec", "action"),
		OCIHooks: filepath.Join(dir, "hooks.d", "lull.json"),
	}
}

func states(t *testing.T, i Installation) (all []State) {
	t.Helper()
	files, err := i.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		all = append(all, f.State)
	}
	return all
}

func TestInstallAndUninstall(t *testing.T) {
	i := installation(t)
	for range 2 {
		if _, err := i.Install(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range states(t, i) {
		if s != Installed {
			t.Errorf("%s", s)
		}
	}
	text, err := os.ReadFile(i.CRIUConfig)
	if err != nil || len((criu.Config{Connections: criu.Close}).Lacking(string(text))) > 0 {
		t.Errorf("CRIU's configuration: %v\n%s", err, text)
	}
	if lacking := (criu.Config{Connections: criu.Keep}).Lacking(string(text)); len(lacking) != 1 {
		t.Errorf("for connections that are kept it lacks %q", lacking)
	}
	var hooks map[string]any
	if text, err = os.ReadFile(i.OCIHooks); err != nil || json.Unmarshal(text, &hooks) != nil {
		t.Errorf("the OCI hooks: %v\n%s", err, text)
	}
	if _, err := i.Uninstall(); err != nil {
		t.Fatal(err)
	}
	for _, s := range states(t, i) {
		if s != Absent {
			t.Errorf("%s", s)
		}
	}
}

// What somebody else wrote is neither replaced nor removed, and nothing is
// half installed.
func TestForeignFile(t *testing.T) {
	i := installation(t)
	const theirs = "tcp-established\n"
	if err := errors.Join(os.MkdirAll(filepath.Dir(i.CRIUConfig), 0o755), os.WriteFile(i.CRIUConfig, []byte(theirs), 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Install(t.Context()); !errors.Is(err, ErrForeign) {
		t.Errorf("install: %v", err)
	}
	if _, err := os.Stat(i.Script); err == nil {
		t.Error("the script was written all the same")
	}
	if _, err := i.Uninstall(); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(i.CRIUConfig); err != nil || string(text) != theirs {
		t.Errorf("their file: %q, %v", text, err)
	}
}

// A file that cannot be written takes those before it back.
func TestInstallIsAllOrNothing(t *testing.T) {
	i := installation(t)
	if err := os.WriteFile(filepath.Dir(i.OCIHooks), nil, 0o644); err != nil { // a file where a folder has to be
		t.Fatal(err)
	}
	i.OCIHooks = filepath.Join(filepath.Dir(i.OCIHooks), "x", "lull.json")
	if _, err := i.Install(t.Context()); err == nil {
		t.Fatal("installed")
	}
	for _, path := range []string{i.Script, i.CRIUConfig} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is there", path)
		}
	}
}
