package volume

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/volume"
)

// killed is a database whose shim is killed again and again, each time on the
// same volume and under the same name. Rows are what was acknowledged.
type killed struct {
	*harness.Postgres
	d      *harness.Daemon
	name   string
	volume string
	rows   int
}

func newKilled(t *testing.T) *killed {
	d := harness.Start(t, harness.Options{})
	return &killed{d: d, name: harness.Name(t, "c"), volume: d.Volume(t)}
}

func (k *killed) start(t *testing.T) {
	t.Helper()
	k.startWith(t, "5m")
}

func (k *killed) startWith(t *testing.T, maxFrozen string) {
	t.Helper()
	k.Postgres = k.d.Postgres(t, harness.PostgresOptions{Volume: k.volume, ContainerOptions: harness.ContainerOptions{
		ID:          k.name,
		Annotations: map[string]string{"lull/pause-budget": "1m", "lull/max-frozen": maxFrozen, "lull/restore-deadline": "2m"},
	}})
}

func (k *killed) write(t *testing.T) {
	t.Helper()
	k.Exec(t, "CREATE TABLE IF NOT EXISTS acknowledged (n int)")
	k.Exec(t, "INSERT INTO acknowledged VALUES (1)")
	k.rows++
}

func (k *killed) whole(t *testing.T) {
	t.Helper()
	if n := k.Query(t, "SELECT count(*)::text FROM acknowledged"); n != fmt.Sprint(k.rows) {
		t.Errorf("%s rows are there, %d were acknowledged", n, k.rows)
	}
}

// Killed at any step of a capture, of the seal and of a put back, the shim
// leaves a volume that starts without loss, and no checkpoint that could be
// taken for whole.
func TestKilled(t *testing.T) {
	k := newKilled(t)
	for _, point := range capturePoints() {
		t.Run(point, func(t *testing.T) { ordinarily(t, point); k.inCheckpoint(t, point) })
	}
	ref := harness.Name(t, "cp") + ":latest"
	t.Run("the checkpoint", func(t *testing.T) {
		k.again(t)
		k.d.Lull(t, "checkpoint", k.ID, ref)
	})
	cut := k.rows
	for _, step := range volume.PutBackSteps() {
		point := "putback." + step
		t.Run(point, func(t *testing.T) { ordinarily(t, point); k.inPutBack(t, ref, cut, point) })
	}
	k.d.Lull(t, "verify", ref)
}

// again starts the database on what the last case has left, and adds to it.
func (k *killed) again(t *testing.T) {
	t.Helper()
	k.start(t)
	k.write(t)
	k.whole(t)
}

// The same, where the capture is a snapshot.
func TestKilledInSnapshot(t *testing.T) {
	harness.Full(t)
	k := newKilled(t)
	k.volume = places()["subvolume"].folder(t, k.d)
	k.inCheckpoint(t, "capture."+volume.SnapshotStep)
}

// capturePoints are all from the first file on that is captured.
func capturePoints() []string {
	points, steps := []string{"checkpoint.resume", "checkpoint.sealed"}, engine.CheckpointSteps()
	for _, step := range steps[slices.Index(steps, "capture"):] {
		points = append(points, "checkpoint."+step)
	}
	for _, step := range volume.CaptureSteps() {
		points = append(points, "capture."+step)
	}
	return points
}

// ordinarily leaves what is not decisive to the full run. That is a capture
// that has its name and no seal.
func ordinarily(t *testing.T, point string) {
	t.Helper()
	if !slices.Contains([]string{"capture.named", "checkpoint.seal"}, point) {
		harness.Full(t)
	}
}

func (k *killed) inCheckpoint(t *testing.T, point string) {
	k.again(t)
	ref := harness.Name(t, "cp") + ":latest"
	k.d.Fail(t, point, "kill")
	if o := k.d.TryLull(t, "checkpoint", "--no-precopy", k.ID, ref); o.Code == 0 {
		t.Errorf("%s was not met: %s", point, o)
	}
	k.WaitStatus(t, harness.NoTask)
	k.Remove(t)
	k.NoTraces(t)
	if o := k.d.TryLull(t, "restore", ref); o.Code != 3 {
		t.Errorf("it has a name: %s", o)
	}
}

func (k *killed) inPutBack(t *testing.T, ref string, cut int, point string) {
	k.again(t)
	k.Kill(t)
	k.Remove(t)
	k.d.Fail(t, point, "kill")
	if o := k.d.TryLull(t, "restore", "--rollback", ref); o.Code == 0 {
		t.Errorf("%s was not met: %s", point, o)
	}
	k.d.Lull(t, "restore", "--rollback", ref)
	k.WaitAnswer(t)
	k.rows = cut
	k.whole(t)
	k.Kill(t)
	k.Remove(t)
	k.NoTraces(t) // not even what the killed shim kept, which the next one of that name takes over
}
