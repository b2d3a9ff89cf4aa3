package labels_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// An account that only lull's configuration knows is used for the containers
// that its patterns fit, on the original and on the restored copy.
func TestAccess(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(harness.Canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := harness.Start(t, harness.Options{Config: "[[credentials]]\ncontainer = \"known-*\"\nimage = \"*/postgres:17\"\n" +
		"user = \"lull\"\npassword_file = \"" + secret + "\""})
	pg := database(t, d, "known-database")
	d.Ctr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), pg.ID)
	if err := os.Chmod(secret, 0o644); err != nil {
		t.Fatal(err)
	}
	refused(t, pg.Container, "[lull:database]", "others can read it", "chmod 600 "+secret)
	pg.Remove(t)

	pg = database(t, d, "unknown")
	refused(t, pg.Container, "[lull:database]", "POSTGRES_PASSWORD counted when the database was made")
}

// database is one that the container's variables do not let lull into any more.
func database(t *testing.T, d *harness.Daemon, id string) *harness.Postgres {
	t.Helper()
	pg := d.Postgres(t, harness.PostgresOptions{ContainerOptions: harness.ContainerOptions{ID: id, Env: asksPassword, Labels: map[string]string{"lull/pause-budget": "1m"}}})
	pg.Exec(t, "CREATE ROLE lull LOGIN SUPERUSER PASSWORD '"+harness.Canary+"'; ALTER ROLE postgres PASSWORD '"+changed+"'")
	pg.Password = changed
	return pg
}
