package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// secretFile has the password in a file of the container's, which at last is
// another one than the restored server's.
func secretFile(t *testing.T, d *harness.Daemon, said *said) {
	secrets := t.TempDir()
	file := filepath.Join(secrets, "password")
	write(t, file, harness.Canary+"\n")
	s := withSecretFile(t, d, secrets)
	ref := harness.Name(t, "image")
	if o := said.ctr(t, "containers", "checkpoint", "--task", "--rw", "--image", s.ID, ref); o.Code != 0 {
		t.Fatalf("with the password in a file: %s", o)
	}
	s.noEscape(t, said, file)
	s.Kill(t)
	s.Remove(t)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	write(t, file, "another one\n")
	mustRefuse(t, said.ctr(t, "containers", "restore", "--rw", "--live", s.ID, ref), "[lull:evidence]", "password")
	s.Remove(t)
	s.NoTraces(t)
}

func withSecretFile(t *testing.T, d *harness.Daemon, secrets string) *subject {
	t.Helper()
	volume := d.Volume(t)
	c := d.Run(t, harness.ContainerOptions{
		Image:       "postgres:17",
		Annotations: annotations("lull/on-drift", "rollback"),
		Env:         map[string]string{"POSTGRES_PASSWORD_FILE": "/run/secrets/password"},
		Mounts:      map[string]string{"/run/secrets": secrets, "/var/lib/postgresql/data": volume},
	})
	s := &subject{Postgres: c.AsPostgres(), d: d}
	s.Volume = volume
	s.WaitAnswer(t)
	s.pid = s.PID(t)
	s.demand(t)
	return s
}

// noEscape makes the container's file a link to one of the host's. That has
// the server's password, so that an escape would show as a success.
func (s *subject) noEscape(t *testing.T, said *said, link string) {
	t.Helper()
	outside := filepath.Join(t.TempDir(), "host")
	write(t, outside, harness.Canary+"\n")
	for name, target := range map[string]string{
		"absolute": outside, "relative": strings.Repeat("../", 12) + outside[1:],
		"proc": "/proc/1/root" + outside, "self": "/proc/self/root" + outside,
	} {
		t.Run("link "+name, func(t *testing.T) {
			if err := os.Remove(link); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(target, link); err != nil {
				t.Fatal(err)
			}
			mustRefuse(t, said.ctr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), s.ID), "password file /run/secrets/password")
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
