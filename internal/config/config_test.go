package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"
)

const example = "../../config.toml.example"

func TestExampleIsTheDefault(t *testing.T) {
	got, err := Load(example)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), got); diff != "" {
		t.Errorf("config.toml.example (+) is not Default() (-):\n%s", diff)
	}
}

// Equal to the default is also what a key has that the example forgets.
func TestExampleHasEveryKey(t *testing.T) {
	raw, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	var found map[string]any
	if err := toml.Unmarshal(raw, &found); err != nil {
		t.Fatal(err)
	}
	wantKeys(t, "", found, reflect.TypeFor[Config]())
}

func wantKeys(t *testing.T, path string, found map[string]any, s reflect.Type) {
	t.Helper()
	for i := range s.NumField() {
		key, field := s.Field(i).Tag.Get("toml"), s.Field(i).Type
		if field.Kind() == reflect.Slice {
			continue // there is none by default: see TestExampleShowsACredential
		}
		value, ok := found[key]
		if !ok || key == "" {
			t.Errorf("%s%s is not in config.toml.example", path, key)
			continue
		}
		if table, ok := value.(map[string]any); ok {
			wantKeys(t, path+key+".", table, field)
		}
	}
}

// Every setting can be had by a label, and the example names each.
func TestExampleNamesEveryLabel(t *testing.T) {
	raw, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Values]()) {
		label := "lull/" + strings.ReplaceAll(field.Tag.Get("toml"), "_", "-")
		if !strings.Contains(string(raw), label) {
			t.Errorf("config.toml.example does not name %s", label)
		}
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		says       string // in the error; empty: none
		change     func(*Config)
	}{
		{"empty", "", "", func(*Config) {}},
		{"one key", "state_dir = '/x'\n", "", func(c *Config) { c.StateDir = "/x" }},
		{"one default", "[defaults]\nmode = 'fence'\n", "", func(c *Config) { c.Defaults.Mode = "fence" }},
		{"unknown key", "state_dir = '/x'\n\nnonsense = 1\n", "line 3: unknown key [nonsense]", nil},
		{"unknown table key", "[agent]\nroot = true\n", "unknown key [agent root]", nil},
		{"no TOML", "state_dir\n", "config.toml", nil},
		{"type", "state_dir = 1\n", "config.toml", nil},
		{"word", "[defaults]\nmode = 'wipe'\n", `lull/mode="wipe": use one of flush, fence, none`, nil},
		{"duration", "[defaults]\nmax_frozen = '5'\n", "config.toml", nil},
		{"negative duration", "[defaults]\nmax_frozen = '-5s'\n", "negative", nil},
		{"size", "[defaults]\nmax_copy = 'much'\n", "lull/max-copy", nil},
		{"negative uid", "[agent]\nuid = -1\n", "config.toml", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Load(write(t, tc.text))
			want := Default()
			if tc.change != nil {
				tc.change(&want)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("error %v, want %q", err, tc.says)
			}
			if err != nil && (strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "config.toml.example")) {
				t.Errorf("not one line with a remedy: %q", err)
			}
		})
	}
}

func TestLoadWithoutFile(t *testing.T) {
	got, err := Load(filepath.Join(t.TempDir(), "none"))
	if err != nil || !reflect.DeepEqual(got, Default()) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := Load(t.TempDir()); err == nil {
		t.Error("a folder was read")
	}
}

func TestPath(t *testing.T) {
	t.Setenv("LULL_CONFIG", "")
	if Path() != DefaultPath {
		t.Errorf("got %s", Path())
	}
	t.Setenv("LULL_CONFIG", "/x")
	if Path() != "/x" {
		t.Errorf("got %s", Path())
	}
}
