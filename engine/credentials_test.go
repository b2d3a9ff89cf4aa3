package engine

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/quiesce"
)

// secretFile has a mode of its own; no umask takes from it.
func secretFile(t *testing.T, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("of the file\n"), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// What is said of one container goes before the configuration, and that before
// the image's variables. A password is never another user's.
func TestPasswordOf(t *testing.T) {
	here := os.Getpid()
	private := secretFile(t, 0o600)
	conf := config.Credential{Container: "*", User: "lull", PasswordFile: private}
	for name, tt := range map[string]struct {
		labels map[string]string
		env    map[string]string
		conf   config.Credential
		want   string
	}{
		"nothing":                               {nil, nil, config.Credential{}, ""},
		"configuration":                         {nil, map[string]string{"POSTGRES_PASSWORD_FILE": "/nowhere"}, conf, "of the file"},
		"label before configuration":            {map[string]string{"lull/password-env": "P"}, map[string]string{"P": "of the variable"}, conf, "of the variable"},
		"the same user by a label":              {map[string]string{"lull/user": "lull"}, nil, conf, "of the file"},
		"another user by a label":               {map[string]string{"lull/user": "other"}, nil, conf, ""},
		"file of the container's by a label":    {map[string]string{"lull/password-file": private}, nil, config.Credential{}, "of the file"},
		"file of the container's by a variable": {nil, map[string]string{"POSTGRES_PASSWORD_FILE": private}, config.Credential{}, "of the file"},
	} {
		t.Run(name, func(t *testing.T) {
			c := container("postgres", nil, nil)
			c.Labels, c.Credential = tt.labels, tt.conf
			got, err := credentialsOf(c, here, tt.env)
			if err != nil || got.password != tt.want {
				t.Errorf("%q, %v", got.password, err)
			}
		})
	}
}

func TestPasswordThatCannotBeHad(t *testing.T) {
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("/dev/zero", link); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		labels map[string]string
		file   string
		says   string
	}{
		"others can read it":     {nil, secretFile(t, 0o644), "chmod 600"},
		"it is not there":        {nil, "/no/such/file", "no such file"},
		"it is a folder":         {nil, t.TempDir(), "not a regular file"},
		"no such variable":       {map[string]string{"lull/password-env": "P"}, "", "no variable P"},
		"not in the container":   {map[string]string{"lull/password-file": "/no/such/file"}, "", "lull/password-file"},
		"a device, behind links": {map[string]string{"lull/password-file": link}, "", "lull/password-file"},
	} {
		t.Run(name, func(t *testing.T) {
			c := container("postgres", nil, nil)
			c.Labels, c.Credential = tt.labels, config.Credential{PasswordFile: tt.file}
			got, err := credentialsOf(c, os.Getpid(), nil)
			if !errors.Is(err, quiesce.ErrAuth) || !strings.Contains(err.Error(), tt.says) || got.password != "" {
				t.Errorf("%q, %v", got.password, err)
			}
		})
	}
}
