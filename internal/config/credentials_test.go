package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func loadText(t *testing.T, text string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path)
}

func TestCredential(t *testing.T) {
	c, err := loadText(t, `
[[credentials]]
container = "shop-*"
image = "docker.io/library/postgres:*"
user = "lull"
password_file = "/etc/lull/shop"
[[credentials]]
image = "*/mysql:8.?"
user = "root"
[[credentials]]
container = "*"
password_file = "/etc/lull/all"
`)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ container, image, user, file string }{
		{"shop-1", "docker.io/library/postgres:17", "lull", "/etc/lull/shop"},
		{"shop", "docker.io/library/postgres:17", "", "/etc/lull/all"},
		{"a-shop-1", "docker.io/library/postgres:17", "", "/etc/lull/all"},
		{"shop-1", "docker.io/library/postgres", "", "/etc/lull/all"},
		{"x", "quay.io/team/mysql:8.4", "root", ""},
		{"x", "quay.io/team/mysql:8.40", "", "/etc/lull/all"},
	} {
		got, ok := c.Credential(tt.container, tt.image)
		if !ok || got.User != tt.user || got.PasswordFile != tt.file {
			t.Errorf("%s of %s: %+v, %t", tt.container, tt.image, got, ok)
		}
	}
	if got, ok := Default().Credential("x", "y"); ok {
		t.Errorf("without a file: %+v", got)
	}
}

func TestCredentialsThatAreRefused(t *testing.T) {
	for text, says := range map[string]string{
		`user = "x"`:      "names no container",
		`container = "*"`: "neither user nor password_file",
		`container = "*"` + "\npassword_file = \"rel\"":   "absolute",
		`container = "*"` + "\npassword = \"plain\"":      "unknown key",
		`container = "*"` + "\nuser = \"x\"\nhost = \"\"": "unknown key",
	} {
		_, err := loadText(t, "[[credentials]]\n"+text+"\n")
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "plain") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// The example has one as a comment, with every key.
func TestExampleShowsACredential(t *testing.T) {
	raw, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(raw), "# [[credentials]]\n")
	if !ok {
		t.Fatal("config.toml.example shows no credential")
	}
	c, err := loadText(t, "[[credentials]]\n"+strings.ReplaceAll(text, "# ", ""))
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.ValueOf(c.Credentials[0])
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("config.toml.example does not show credentials.%s", v.Type().Field(i).Tag.Get("toml"))
		}
	}
}
