package docker

import (
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// how a checkpoint treats the container.
type how string

const (
	leave how = "leave running"
	stop  how = "stop"
)

// Every Docker, every database: checkpointed by docker under load, lost, and
// back by docker with all that was acknowledged.
func TestMatrix(t *testing.T) {
	for _, m := range []struct {
		version   string
		databases []database
	}{
		{"26", []database{postgres()}},
		{"28", []database{postgres(), mysql(), redis()}},
		{"29", []database{postgres(), mysql(), redis()}},
	} {
		t.Run(m.version, func(t *testing.T) {
			d := harness.StartDocker(t, harness.DockerOptions{Version: m.version})
			for _, db := range m.databases {
				for _, h := range []how{leave, stop} {
					t.Run(db.name+"/"+string(h), func(t *testing.T) {
						harness.FillCell(t, "docker", m.version, db.name, string(h))
						mainJob(t, d, db, h)
					})
				}
			}
		})
	}
}

func mainJob(t *testing.T, d *harness.Docker, db database, h how) {
	r := db.run(t, d, patient...)
	l := underLoad(t, r.published(t))
	l.Wait(t, 10)
	start, end := l.Cut(func() {
		if h == leave {
			r.checkpoint(t, "cut", "--leave-running")
		} else {
			r.checkpoint(t, "cut")
		}
	})
	if h == leave {
		l.Wait(t, 5)
		d.Docker(t, "kill", r.name)
	}
	r.stopped(t)
	r.comesBackTo(t, "cut", l, start, end)
	r.verified(t)
}
