package e2e

import (
	"strings"
	"testing"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// mainJob is one case: how the database runs, and how it is checkpointed, is
// lost and comes back.
type mainJob struct {
	way      way
	postgres harness.PostgresOptions
	level    manifest.Level // that the checkpoint must reach
}

// The main job: a database under load is checkpointed, is lost and comes back,
// and nothing that was acknowledged before the cut is.
func TestMainJob(t *testing.T) {
	v2 := harness.ContainerOptions{Runtime: "io.containerd.lull.v2"}
	labelled := harness.ContainerOptions{Labels: map[string]string{"lull/engine": "postgres"}}
	rollback := harness.ContainerOptions{Annotations: annotations("lull/on-drift", "rollback")}
	fence := harness.ContainerOptions{Annotations: fenced("lull/on-drift", "rollback", "lull/require", "clean", "lull/pause-budget", "1m")}
	tests := map[string]mainJob{
		"postgres13/bind/leave-running": {leaveRunning{permit: true}, harness.PostgresOptions{ContainerOptions: labelled}, manifest.Flushed},
		"postgres13/bind/exit":          {exit{}, harness.PostgresOptions{}, manifest.Flushed},
		"postgres13/rw/leave-running":   {leaveRunning{}, harness.PostgresOptions{Rw: true}, manifest.Flushed},
		"postgres13/rw/exit":            {exit{}, harness.PostgresOptions{Rw: true}, manifest.Flushed},

		"postgres17/bind/leave-running":    {leaveRunning{}, harness.PostgresOptions{ContainerOptions: rollback}, manifest.Flushed},
		"postgres17/bind/exit":             {exit{}, harness.PostgresOptions{}, manifest.Flushed},
		"postgres17/rw/leave-running":      {leaveRunning{}, harness.PostgresOptions{Rw: true}, manifest.Flushed},
		"postgres17/rw/exit":               {exit{}, harness.PostgresOptions{Rw: true}, manifest.Flushed},
		"postgres17/lull.v2/leave-running": {leaveRunning{permit: true}, harness.PostgresOptions{ContainerOptions: v2}, manifest.Flushed},
		"postgres17/lull.v2/exit":          {exit{}, harness.PostgresOptions{ContainerOptions: v2}, manifest.Flushed},
		"postgres17/fence/leave-running":   {leaveRunning{}, harness.PostgresOptions{ContainerOptions: fence}, manifest.Clean},
	}
	for name, job := range tests {
		t.Run(name, func(t *testing.T) {
			version, _, _ := strings.Cut(name, "/")
			job.postgres.Version = strings.TrimPrefix(version, "postgres")
			job.run(t, harness.Shared(t))
		})
	}
}

func (job mainJob) run(t *testing.T, d *harness.Daemon) {
	r := begin(t, d, job.postgres)
	r.pgbench = r.pg.Pgbench(t, 1, 2)
	r.cut(t, job.way)
	r.sealed(t, job.level)
	job.way.lose(t, r)
	r.comeBack(t, job.way)
	r.asAtCut(t)
	r.goesOn(t)
	r.unlocked(t)
	r.leavesNothing(t)
	t.Logf("%s", r)
}

// sealed reads the manifest in the image.
func (r *run) sealed(t *testing.T, want manifest.Level) {
	t.Helper()
	m := r.d.Manifest(t, r.ref)
	if m.Reached.Level != want {
		t.Errorf("level %s, not %s: %+v", m.Reached.Level, want, m.Reached)
	}
	if fenced := want == manifest.Clean; m.Reached.Fenced != fenced || fenced && (m.Transactions.InFlight > 0 || len(m.Held) == 0) {
		t.Errorf("fence: %+v %+v %+v", m.Reached, m.Transactions, m.Held)
	}
	kind := "bind"
	if r.pg.Volume == "" {
		kind = "rw"
	}
	if len(m.Volumes) != 1 || m.Volumes[0].Kind != kind || m.Volumes[0].Source != r.pg.Volume || m.Volumes[0].Capture == nil {
		t.Errorf("volumes: %+v", m.Volumes)
	}
	if label := m.Container.Labels["lull/engine"]; (label != "") != (m.Database.DetectedBy == "label") {
		t.Errorf("label %q, detected by %s", label, m.Database.DetectedBy)
	}
	r.manifest = m
}
