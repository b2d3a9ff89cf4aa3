package labels_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// patient gives a fence time on a loaded machine, and requires it.
func patient(more map[string]string) map[string]string {
	all := map[string]string{"lull/mode": "fence", "lull/require": "clean", "lull/pause-budget": "2m", "lull/drain-timeout": "30s",
		"lull/on-drift": "rollback", "lull/restore-deadline": "2m"}
	for k, v := range more {
		all[k] = v
	}
	return all
}

// The tutorial's queries, as validations.
func tutorial() map[string]string {
	return patient(map[string]string{
		"lull/validate.rows": "SELECT count(*) FROM test_data", "lull/validate.rows.op": "ge",
		"lull/validate.highest": "SELECT max(value) FROM test_data;", "lull/validate.lowest": "SELECT min(value) FROM test_data",
		"lull/validate.none": "SELECT max(value) FROM test_data WHERE id < 0",
	})
}

// Validations are asked under the fence, enforced by the restore, and shown.
func TestValidate(t *testing.T) {
	d := harness.Shared(t)
	pg := d.Postgres(t, harness.PostgresOptions{ContainerOptions: harness.ContainerOptions{Labels: tutorial()}})
	if err := pg.SetupTutorial(t.Context()); err != nil {
		t.Fatal(err)
	}
	ref := checkpoint(t, pg.Container)
	m := d.Manifest(t, ref)
	for _, v := range m.Validations {
		if want := pg.Query(t, v.Query); v.Answer != want || !v.Comparable || v.Null != (v.Name == "none") {
			t.Errorf("%+v, and the database says %q", v, want)
		}
	}
	if len(m.Validations) != 4 || m.Reached.Level != manifest.Clean {
		t.Fatalf("%d validations, %+v", len(m.Validations), m.Reached)
	}
	if text := d.Lull(t, "inspect", ref); !strings.Contains(text, "SELECT max(value) FROM test_data") {
		t.Errorf("lull inspect shows no validation:\n%s", text)
	}
	pg.Exec(t, "DELETE FROM test_data WHERE id > 10")
	lose(t, pg.Container)

	t.Run("altered", func(t *testing.T) { alteredAnswer(t, pg, ref) })
	restore(t, pg.Container, ref)
	pg.WaitAnswer(t)
	checked := strings.Join(pg.Record(t).Checked, "\n")
	for _, fact := range []string{"validation rows (ge): recorded ", "validation highest (eq)", "validation none (eq): recorded nothing, found nothing"} {
		if !strings.Contains(checked, fact) || strings.Contains(checked, "not comparable") {
			t.Errorf("no %q, or something not comparable, in %s", fact, checked)
		}
	}
	pg.Remove(t)
	pg.NoTraces(t)
}

// alteredAnswer restores from a manifest, sealed anew, that has another answer:
// it is the restored database that does not fit.
func alteredAnswer(t *testing.T, pg *harness.Postgres, ref string) {
	altered := pg.Daemon.Alter(t, ref, harness.Memory, func(a harness.Archive) harness.Archive {
		return resealed(t, a, func(m *manifest.Manifest) { m.Validations[0].Answer += "1" })
	})
	o := pg.Daemon.TryCtr(t, "containers", "restore", "--rw", "--live", pg.ID, altered)
	if o.Code == 0 || !strings.Contains(o.Stderr, "[lull:evidence]") || !strings.Contains(o.Stderr, "validation highest (eq)") {
		t.Errorf("%s", o)
	}
	pg.WaitStatus(t, harness.Stopped, harness.NoTask)
	pg.Remove(t)
}

// A write that had waited for the fence is committed in the restored copy: an
// answer of before it is not held against it.
func TestValidateQueued(t *testing.T) {
	labels := patient(map[string]string{"lull/validate.rows": "SELECT count(*) FROM test_data"})
	labels["lull/require"] = "flushed" // a fence may expire on a loaded machine: it is tried again
	pg := harness.Shared(t).Postgres(t, harness.PostgresOptions{ContainerOptions: harness.ContainerOptions{Labels: labels}})
	if err := pg.SetupTutorial(t.Context()); err != nil {
		t.Fatal(err)
	}
	ref, m := "", &manifest.Manifest{}
	for try := 0; m.Reached.Level != manifest.Clean; try++ {
		if try == 5 {
			t.Fatalf("no fence: %+v", m.Reached)
		}
		ref = queuedCheckpoint(t, pg)
		m = pg.Daemon.Manifest(t, ref)
	}
	was := m.Validations[0].Answer
	lose(t, pg.Container)
	restore(t, pg.Container, ref)
	pg.WaitAnswer(t)
	const more = "SELECT (count(*) > $1::text::int)::text FROM test_data"
	harness.Eventually(t, "the write is committed", func() bool { return pg.Query(t, more, was) == "true" })
	checked := strings.Join(pg.Record(t).Checked, "\n")
	if want := `validation rows (eq): recorded "` + was + `"`; !strings.Contains(checked, want) || !strings.Contains(checked, "not comparable: something that had waited for the fence") {
		t.Errorf("no %s, not comparable, in %s", want, checked)
	}
	pg.Remove(t)
}

// queuedCheckpoint is one of a database that a write waits in.
func queuedCheckpoint(t *testing.T, pg *harness.Postgres) (ref string) {
	t.Helper()
	const point = "checkpoint.prove"
	pg.Daemon.Fail(t, point, "hang")
	ref = harness.Name(t, "cp") + ":latest"
	checkpointed := make(chan harness.Output, 1)
	go func() {
		checkpointed <- pg.Daemon.TryCtr(t, "containers", "checkpoint", "--task", "--rw", "--image", pg.ID, ref)
	}()
	harness.Eventually(t, "the fence stands", func() bool { return pg.Daemon.Hangs(point) })
	conn, err := pg.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		_, err := conn.Exec(ctx, "INSERT INTO test_data (name, value) VALUES ('queued', 1)")
		written <- err
	}()
	harness.Eventually(t, "a write waits for it, or it has expired", func() bool {
		return len(written) > 0 || pg.Query(t, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO test_data%'") == "1"
	})
	pg.Daemon.Unfail(t, point)
	if o := <-checkpointed; o.Code != 0 {
		t.Fatal(o)
	}
	if err := <-written; err != nil {
		t.Errorf("on the original the write ended with %v", err)
	}
	_ = conn.Close(context.WithoutCancel(t.Context())) // its server is lost next
	return ref
}

// A query without an answer refuses the checkpoint, whatever level is required.
func TestValidateFails(t *testing.T) {
	d := harness.Shared(t)
	pg := d.Postgres(t, harness.PostgresOptions{ContainerOptions: harness.ContainerOptions{Labels: map[string]string{
		"lull/validate.rows": "DELETE FROM test_data RETURNING id", "lull/require": "crash-consistent", "lull/pause-budget": "1m"}}})
	refused(t, pg.Container, "[lull:preflight]", "validation rows: PostgreSQL refused while answering", "one SELECT of one value")
}

// resealed changes the manifest among CRIU's images and seals it again.
func resealed(t *testing.T, a harness.Archive, change func(*manifest.Manifest)) harness.Archive {
	t.Helper()
	dir := t.TempDir()
	for _, name := range a.Names() {
		if err := os.WriteFile(filepath.Join(dir, name), a.File(t, name).Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := manifest.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, manifest.FileName)
	change(m)
	m.Status, m.Files = manifest.Pending, nil
	for _, do := range []func() error{
		func() error { return os.Remove(name) },
		func() error { return manifest.Write(dir, m) },
		func() error { return manifest.Seal(t.Context(), dir, m) },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	a.File(t, manifest.FileName).Set(data)
	return a
}
