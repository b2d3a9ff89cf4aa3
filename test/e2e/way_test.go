package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// way is one way to checkpoint a database, to lose it, and to have it back.
type way interface {
	checkpoint(t *testing.T, r *run) (ref string)
	lose(t *testing.T, r *run)
	restore(t *testing.T, r *run)
}

// leaveRunning checkpoints a database that goes on, and is lost later: what it
// wrote meanwhile has to be taken back.
type leaveRunning struct {
	permit bool // by lull allow-rollback; else an annotation allows it, or nothing has to
}

// writeOn is how long the database writes on before it is lost.
const writeOn = 5 * time.Second

func (leaveRunning) checkpoint(t *testing.T, r *run) string {
	return ctrCheckpoint(t, r.pg)
}

// ctrCheckpoint checkpoints by ctr and leaves the database running.
func ctrCheckpoint(t *testing.T, pg *harness.Postgres) (ref string) {
	t.Helper()
	ref = harness.Name(t, "cp") + ":latest"
	pg.Daemon.Ctr(t, "containers", "checkpoint", "--task", "--rw", "--image", pg.ID, ref)
	return ref
}

func (leaveRunning) lose(t *testing.T, r *run) {
	began := time.Now()
	r.released(t)
	r.load.Wait(t, 20)
	r.pg.Exec(t, `INSERT INTO test_data (name, value) VALUES ('checkpoint_test', 999); UPDATE test_data SET value = -id WHERE id < 100`)
	time.Sleep(writeOn - time.Since(began))
	r.load.Wait(t, 1)
	r.pg.Kill(t)
	r.pg.Remove(t)
}

func (w leaveRunning) restore(t *testing.T, r *run) {
	if w.permit {
		r.d.Lull(t, "allow-rollback", r.pg.ID)
	}
	r.d.Ctr(t, "containers", "restore", "--rw", "--live", r.pg.ID, r.ref)
}

// exit checkpoints and stops: nothing is written afterwards, and nothing has
// to be allowed.
type exit struct{}

func (exit) checkpoint(t *testing.T, r *run) string {
	lines := strings.Fields(r.d.Ctr(t, "tasks", "checkpoint", "--exit", r.pg.ID))
	return lines[len(lines)-1]
}

func (exit) lose(t *testing.T, r *run) {
	r.pg.WaitStatus(t, harness.Stopped, harness.NoTask)
	r.pg.Remove(t)
}

func (exit) restore(t *testing.T, r *run) {
	r.d.Lull(t, "restore", r.ref)
}
