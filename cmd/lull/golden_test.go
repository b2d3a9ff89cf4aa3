package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/containerd/containerd/api/types/task"
	"github.com/containerd/containerd/v2/core/containers"
	"github.com/google/go-cmp/cmp"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-) differs from what is printed (+); -update writes it:\n%s", path, diff)
	}
}

// printed is what show writes for people and, with json, for machines.
func printed(show func(*app) error, json bool) []byte {
	var out bytes.Buffer
	must(show(&app{out: &out, json: json}))
	return out.Bytes()
}

// fullManifest has something in every field.
func fullManifest() *manifest.Manifest {
	m := exampleManifest()
	m.Status, m.Seal, m.Version = manifest.Sealed, "", "v0.1.0"
	m.Asked = manifest.Asked{Mode: "fence", Require: manifest.Flushed, InFlight: "keep", Connections: "close", OnDrift: "refuse", Volumes: "auto"}
	m.Reached = manifest.Reached{Level: manifest.Clean, Fenced: true, Warnings: []string{"the container's labels could not be read; only its annotations count"}}
	m.Database = manifest.Database{
		Engine: "postgres", Version: "17.2", DetectedBy: "label", Role: "primary",
		Identity:   map[string]string{"system_identifier": "7711007447388528662", "timeline": "1"},
		Position:   map[string]string{"wal_flush_lsn": "0/151E148", "redo_lsn": "0/151E078"},
		Durability: map[string]string{"fsync": "on"},
		Lineage:    []manifest.Lineage{{Kind: "replica", Name: "standby1", Detail: "streaming"}},
	}
	m.Transactions = manifest.Transactions{AtStart: 3, Drained: 2, Terminated: 1, Prepared: 1}
	m.Held = []manifest.Held{{Setting: "table locks", Release: "session"}}
	m.Network = manifest.Network{Mode: "lull", Listeners: []string{"127.0.0.1:5432", "[::1]:5432"}, Connections: 4}
	m.Volumes = []manifest.Volume{
		{Name: "volume-0", Kind: "bind", Destination: "/var/lib/postgresql/data", Source: "/srv/pg", FileSystem: "xfs",
			Fingerprint: manifest.Fingerprint{Files: 1000, Bytes: 40 << 20},
			Capture:     &manifest.Capture{Path: "/var/lib/lull/checkpoints/0011/volume-0", Method: "reflink"}},
		{Name: "volume-1", Kind: "rw", Destination: "/var/lib/other", FileSystem: "overlayfs",
			Fingerprint: manifest.Fingerprint{Files: 1, Bytes: 5}},
	}
	m.Files = []manifest.File{{Name: "core-1.img", Size: 4}, {Name: "pages-1.img", Size: 557 << 20}}
	m.Host = manifest.Host{Arch: "amd64", Kernel: "6.18.0", CPU: []string{"avx", "sse"}, CRIU: "4.2.1", Runc: "1.5.2", Seccomp: true, Cgroup: "v2"}
	m.Validations = []manifest.Validation{{Name: "rows", Query: "SELECT count(*) FROM test_data", Operator: "ge", Answer: "1000"}}
	m.Steps = []manifest.Step{{Name: "flush", Start: 0.5, Millis: 45.2}, {Name: "dump", Start: 60, Millis: 1250, Note: "failed"}}
	m.FrozenMillis = 862.4
	return m
}

func TestInspectGolden(t *testing.T) {
	yes, no := true, false
	for name, i := range map[string]inspection{
		"inspect-image":  {Kind: "image", Name: "cp", Bytes: 558 << 20, Usable: &yes, Manifest: fullManifest()},
		"inspect-refuse": {Kind: "folder", Name: "/srv/cp", Usable: &no, Problem: manifest.ErrPending.Error(), Manifest: exampleManifest()},
		"inspect-verify": {Kind: "image", Name: "cp", Usable: &yes, Verified: true, Manifest: exampleManifest()},
	} {
		show := func(a *app) error { return answer(a, i, a.printInspection) }
		golden(t, name, printed(show, false))
		golden(t, name+"-json", printed(show, true))
	}
}

func psExamples(now time.Time) []*subject {
	at := func(ago time.Duration, r state.Record) *state.Record {
		r.Since = now.Add(-ago)
		return &r
	}
	pg := quiesce.Found{Engine: "postgres", By: "image"}
	container := func(id string) containers.Container { return containers.Container{ID: id} }
	return []*subject{
		{namespace: "default", info: container("plain"), found: pg, status: task.Status_RUNNING, record: at(time.Hour, state.Record{Phase: state.Open, Version: "17.2"})},
		{namespace: "default", info: container("unserved"), found: pg, status: task.Status_RUNNING},
		{namespace: "default", info: container("user-pause"), found: pg, status: task.Status_PAUSED, record: at(3*time.Minute, state.Record{Phase: state.Frozen})},
		{namespace: "default", info: container("stock-pause"), found: pg, status: task.Status_PAUSED},
		{namespace: "default", info: container("dumping"), found: pg, status: task.Status_PAUSED, record: at(2*time.Second, state.Record{Phase: state.Dumping})},
		{namespace: "default", info: container("quiescing"), found: pg, status: task.Status_RUNNING, record: at(0, state.Record{Phase: state.Quiescing})},
		{namespace: "default", info: container("verifying"), found: pg, status: task.Status_RUNNING, record: at(time.Second, state.Record{Phase: state.Verifying})},
		{namespace: "default", info: container("restoring"), found: pg, status: task.Status_CREATED, record: at(time.Second, state.Record{Phase: state.Restoring})},
		{namespace: "default", info: container("refused"), found: pg, status: task.Status_STOPPED, record: at(50*time.Hour, state.Record{Phase: state.Refused, Error: "x"})},
		{namespace: "default", info: container("parked"), found: pg, status: task.Status_STOPPED, record: at(0, state.Record{Phase: state.Checkpoint, Checkpoint: "0011", Level: "clean"})},
		{namespace: "default", info: container("stopped"), found: pg, status: task.Status_STOPPED},
		{namespace: "default", info: container("no-task"), found: pg},
		{namespace: "default", info: container("wrong"), wrong: errBoom, status: task.Status_RUNNING},
		{namespace: "moby", info: container("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"), found: pg, status: task.Status_RUNNING},
	}
}

func TestPsGolden(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var rows []psRow
	for _, s := range psExamples(now) {
		rows = append(rows, rowOf(s, now))
	}
	show := func(a *app) error { return answer(a, rows, a.printPs) }
	golden(t, "ps", printed(show, false))
	golden(t, "ps-json", printed(show, true))
}

func TestDoctorGolden(t *testing.T) {
	d := diagnosis{Worst: criu.Fail, Findings: []criu.Finding{
		{Severity: criu.OK, Check: "kernel", What: "Linux 6.18.0", Remedy: "not shown"},
		{Severity: criu.Warn, Check: "shim", What: "the stock one", Remedy: "replace it"},
		{Severity: criu.Fail, Check: "criu check", What: "a\x1b[31mred\x1b[0m b"},
	}}
	show := func(a *app) error { return answer(a, d, a.printDiagnosis) }
	golden(t, "doctor", printed(show, false))
	golden(t, "doctor-json", printed(show, true))
}

func TestTakenAndRestoredGolden(t *testing.T) {
	steps := []manifest.Step{{Name: "pause", Millis: 68.2}, {Name: "dump", Start: 68.2, Millis: 948}}
	shown := taken{Ref: "cp", Namespace: "default", Container: "db", ID: "0011", Level: "flushed", Required: "flushed",
		StallMillis: 1300, Frozen: 864, Bytes: 558 << 20, Steps: steps, Inner: steps, Warnings: []string{"one", "two"}}
	plain := taken{Ref: "cp", Container: "web", Exit: true, Bytes: 1024, Steps: steps}
	back := restored{Image: "cp", Container: "db", Checkpoint: "0011", Engine: "postgres", Verified: true, VerifiedMillis: 579,
		Checked: []string{"timeline: recorded 1, found 1"}, Log: "/var/lib/lull/logs/default/db.log", Steps: steps}
	golden(t, "taken", printed(func(a *app) error { return answer(a, shown, a.printTaken) }, false))
	golden(t, "taken-json", printed(func(a *app) error { return answer(a, shown, a.printTaken) }, true))
	golden(t, "taken-plain", printed(func(a *app) error { return answer(a, plain, a.printTaken) }, false))
	golden(t, "restored", printed(func(a *app) error { return answer(a, back, a.printRestored) }, false))
	golden(t, "restored-plain", printed(func(a *app) error {
		return answer(a, restored{Image: "cp", Container: "web", RunningMillis: 261}, a.printRestored)
	}, false))
}
