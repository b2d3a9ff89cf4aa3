package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

const precopyTimes = 3

// precopy checkpoints a database whose data folder has 1 GiB of files of which
// 1 % changes per second, at random places in all of them, with and without
// copying before the freeze.
func precopy(t *T, r *Result) {
	d := harness.Start(t, harness.Options{Config: "[defaults]\nmax_frozen = \"10m\"\n"})
	pg := changing(t, d)
	l := pg.LoadLike(t, ledger.Load{Clients: 2, Pause: 5 * time.Millisecond})
	var with, without []precopySample
	for i := range precopyTimes {
		alternate(i,
			func() { with = append(with, precopyOne(t, pg, l)) },
			func() { without = append(without, precopyOne(t, pg, l, "--no-precopy")) })
	}
	a, b := samplesOf(r, "with pre-copy", with), samplesOf(r, "without", without)
	r.ratio("precopy-stall", a/b)
	r.note("64 files of 16 MiB, 1 %% of all changed per second, at random places in all files")
	l.Check(t, ledger.Intact())
}

type precopySample struct{ stall, frozen, read, written, capture, dump float64 }

func samplesOf(r *Result, what string, all []precopySample) float64 {
	var stall, frozen, read, written, capture, dump []float64
	for _, s := range all {
		stall, frozen = append(stall, s.stall), append(frozen, s.frozen)
		read, written = append(read, s.read), append(written, s.written)
		capture, dump = append(capture, s.capture), append(dump, s.dump)
	}
	r.series(what+": frozen", "ms", frozen)
	r.series(what+": capture", "ms", capture)
	r.series(what+": CRIU's dump", "ms", dump)
	r.series(what+": read while frozen", "MiB", read)
	r.series(what+": written while frozen", "MiB", written)
	return r.series(what+": stall", "ms", stall)
}

func precopyOne(t *T, pg *harness.Postgres, l *harness.Load, flags ...string) (s precopySample) {
	l.Wait(t, 20)
	ref := harness.Name(t, "image")
	start, end := l.Cut(func() { pg.Daemon.Lull(t, append(append([]string{"checkpoint"}, flags...), pg.ID, ref)...) })
	l.Wait(t, 20)
	m := pg.Daemon.Manifest(t, ref)
	s.stall, s.frozen = millis(l.Log.History().Stalls(start, end).Overall.Length()), m.FrozenMillis
	s.read, s.written = effortOf(t, m)
	s.capture, s.dump = millisOf(t, m, "capture"), millisOf(t, m, "dump")
	pg.Daemon.Ctr(t, "images", "rm", "--sync", ref)
	dropCaptures(t, pg.Daemon)
	return s
}

// effortOf reads the notes of what was done while the database stood still, in
// MiB: captured, and hashed where that came before the thaw.
func effortOf(t *T, m *manifest.Manifest) (read, written float64) {
	var r, w, hashed int64
	if note := noteOf(t, m, "capture"); !scans(note, "read %d bytes, wrote %d bytes", &r, &w) {
		t.Fatalf("the note of capture is %q", note)
	}
	if note := noteOf(t, m, "describe"); !resumedBefore(m, "describe") && !scans(note, "hashed %d bytes", &hashed) {
		t.Fatalf("the note of describe is %q", note)
	}
	return float64(r+hashed) / (1 << 20), float64(w) / (1 << 20)
}

func scans(text, format string, into ...any) bool {
	_, err := fmt.Sscanf(text, format, into...)
	return err == nil
}

func millisOf(t *T, m *manifest.Manifest, step string) float64 { return stepIn(t, m, step).Millis }

func noteOf(t *T, m *manifest.Manifest, step string) string { return stepIn(t, m, step).Note }

func stepIn(t *T, m *manifest.Manifest, step string) manifest.Step {
	i := stepOf(m, step)
	if i < 0 {
		t.Fatalf("the manifest has no step %s", step)
	}
	return m.Steps[i]
}

func stepOf(m *manifest.Manifest, name string) int {
	return slices.IndexFunc(m.Steps, func(s manifest.Step) bool { return s.Name == name })
}

func resumedBefore(m *manifest.Manifest, step string) bool {
	at := stepOf(m, "resume")
	return at >= 0 && at < stepOf(m, step)
}

// writer fills files in the data folder, and then writes 131 blocks ten times a
// second: 1 % of all per second.
const writer = `my $d = "/var/lib/postgresql/data"; select undef, undef, undef, .2 until -e "$d/postmaster.pid"; mkdir "$d/filling"; my @f;
for my $i (1 .. 64) { open my $h, "+>", "$d/filling/$i" or die; syswrite $h, "lull" x 1048576 for 1 .. 4; push @f, $h }
open my $h, ">", "$d/filled";
while (1) { for (1 .. 131) { my $h = $f[rand @f]; sysseek $h, int(rand(2047)) * 8192, 0; syswrite $h, pack("d", rand) x 1024 } select undef, undef, undef, .1 }`

// changing is a PostgreSQL with the writer beside it, in the same container.
func changing(t *T, d *harness.Daemon) *harness.Postgres {
	pg := d.Postgres(t, harness.PostgresOptions{ContainerOptions: harness.ContainerOptions{
		Annotations: map[string]string{"lull/pause-budget": "1m", "lull/engine": "postgres"},
		Args:        []string{"bash", "-c", "perl -e '" + writer + "' & exec docker-entrypoint.sh postgres"},
	}})
	for {
		if _, err := os.Stat(filepath.Join(pg.Volume, "filled")); err == nil {
			return pg
		}
		if t.Context().Err() != nil {
			t.Fatal(t.Context().Err())
		}
		time.Sleep(100 * time.Millisecond)
	}
}
