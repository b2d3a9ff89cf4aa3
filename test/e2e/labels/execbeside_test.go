package labels_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// Commands beside a database run around its driver: the fence is clean, and
// both are released, on the original and on the restored copy.
func TestExecBesideDatabase(t *testing.T) {
	d := harness.Shared(t)
	volume := d.Volume(t)
	note := `echo "$LULL_PHASE" >> /var/ran/log`
	ran := func() string {
		data, _ := os.ReadFile(filepath.Join(volume, "log"))
		return string(data)
	}
	m := d.FakeMongo(t, harness.MongoOptions{ContainerOptions: harness.ContainerOptions{Mounts: map[string]string{"/var/ran": volume},
		Labels: patient(map[string]string{"lull/quiesce-exec": note, "lull/release-exec": note, "lull/ready-exec": note, "lull/exec-timeout": "1m"})}})
	ref := checkpoint(t, m.Container)
	sealed := d.Manifest(t, ref)
	if sealed.Database.Engine != "mongodb" || sealed.Reached.Level != manifest.Clean || len(sealed.Held) != 2 || len(sealed.Volumes) != 1 {
		t.Errorf("database %+v, reached %+v, held %+v, volumes %+v", sealed.Database, sealed.Reached, sealed.Held, sealed.Volumes)
	}
	if ran() != "quiesce\nrelease\n" {
		t.Errorf("on the original ran %q", ran())
	}
	lose(t, m.Container)
	restore(t, m.Container, ref)
	m.WaitAnswer(t)
	if ran() != "quiesce\nrelease\nrelease\nready\n" || m.Locked(t) {
		t.Errorf("on the restored copy ran %q; locked: %t", ran(), m.Locked(t))
	}
	m.Remove(t)
	m.NoTraces(t)
}

// A restored copy whose ready-exec never succeeds is stopped before anybody
// enters, and told in the words of its last attempt.
func TestExecNeverReady(t *testing.T) {
	s := newService(t, map[string]string{"lull/quiesce-exec": "sync", "lull/ready-exec": `echo "not yet" >&2; exit 4`, "lull/restore-deadline": "20s"})
	ref := checkpoint(t, s.Container)
	lose(t, s.Container)
	o := s.Daemon.TryCtr(t, "containers", "restore", "--rw", "--live", s.ID, ref)
	if o.Code == 0 || !strings.Contains(o.Stderr, "lull/ready-exec") || !strings.Contains(o.Stderr, "not yet") {
		t.Errorf("%s", o)
	}
	s.WaitStatus(t, harness.Stopped, harness.NoTask)
	s.Remove(t)
	s.NoTraces(t)
}
