package docker

import (
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

const alreadyThere = "already exists"

// checkpoint takes one with docker, which has to succeed.
func (r *running) checkpoint(t *testing.T, name string, flags ...string) {
	t.Helper()
	r.d.Docker(t, append(append([]string{"checkpoint", "create"}, flags...), r.name, name)...)
}

// start restores with docker, which has to succeed. Without lull's plugin the
// daemon may have to be asked again: the blob of the checkpoint is still there
// until containerd collects its garbage (moby#42900).
func (r *running) start(t *testing.T, checkpoint string) {
	t.Helper()
	if o := r.tryStart(t, checkpoint); o.Code != 0 {
		t.Fatal(o)
	}
}

func (r *running) tryStart(t *testing.T, checkpoint string) (o harness.Output) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		o = r.d.Try(t, "start", "--checkpoint", checkpoint, r.name)
		if o.Code == 0 || !strings.Contains(o.Stderr, alreadyThere) {
			break
		}
	}
	return o
}

func (r *running) stopped(t *testing.T) {
	t.Helper()
	harness.Eventually(t, "the container is stopped", func() bool {
		return r.d.Inspect(t, r.name, "{{.State.Status}}") == "exited"
	})
}

// comesBackTo restores a checkpoint that was made between start and end, and
// holds the database against what its clients were told.
func (r *running) comesBackTo(t *testing.T, checkpoint string, l *harness.Load, start, end time.Duration) {
	t.Helper()
	restored := l.Log.Now()
	r.start(t, checkpoint)
	r.waitAnswer(t)
	l.Wait(t, 10)
	l.Check(t, ledger.Continues(start, end, restored))
}

// verified sees that lull has compared the database with the manifest.
func (r *running) verified(t *testing.T) {
	t.Helper()
	if rec := r.Record(t); rec.Checkpoint == "" || len(rec.Checked) == 0 {
		t.Errorf("not verified: %+v", rec)
	}
}
