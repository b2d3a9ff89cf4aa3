package manifest

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// sample is a complete pending manifest; every field is set.
func sample() *Manifest {
	return &Manifest{
		Schema: Schema, Status: Pending, ID: "6f1d2c3b4a5968778695a4b3c2d1e0f9",
		Created: time.Date(2026, 3, 14, 9, 26, 53, 589793000, time.UTC), Version: "0.1.0",
		Container: Container{ID: "orders-db", Namespace: "default", Image: "docker.io/library/postgres:17",
			Snapshotter: "overlayfs", Runtime: "io.containerd.runc.v2",
			Labels: map[string]string{"lull/engine": "postgres", "team": "orders"}},
		Asked: Asked{Mode: "flush", Require: Flushed, InFlight: "keep", Connections: "close",
			OnDrift: "refuse", Volumes: "auto"},
		Reached: Reached{Level: Flushed, Warnings: []string{"unlogged tables are empty after a cold start"}},
		Database: Database{Engine: "postgres", Version: "17.5", DetectedBy: "label", Role: "primary",
			Identity:   map[string]string{"system_identifier": "7481925640337162281", "timeline": "1"},
			Position:   map[string]string{"wal_flush_lsn": "0/3A0142C8", "redo_lsn": "0/3A014290"},
			Durability: map[string]string{"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"},
			Lineage:    []Lineage{{Kind: "slot", Name: "reporting", Detail: "physical, active"}}},
		Transactions: Transactions{AtStart: 4, Drained: 3, InFlight: 1},
		Held:         []Held{{Setting: "LOCK TABLE IN SHARE MODE", Prior: "none", Ours: "12 tables", Release: "session"}},
		Network:      Network{Mode: "lull", Listeners: []string{"0.0.0.0:5432", "[::]:5432"}, Connections: 8},
		Volumes: []Volume{{Name: "volume-0", Kind: "bind", Destination: "/var/lib/postgresql/data",
			Source: "/srv/orders/pgdata", FileSystem: "ext4",
			Fingerprint: Fingerprint{List: "lull-volume-0.list",
				Content: "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
				Files:   1312, Bytes: 49283072},
			Capture: &Capture{Store: "/var/lib/lull/captures",
				Path:   "/var/lib/lull/captures/6f1d2c3b4a5968778695a4b3c2d1e0f9/volume-0",
				Method: "copy", Bytes: 49283072}}},
		Files: nil,
		Host: Host{Arch: "amd64", Kernel: "6.12.38", CPU: []string{"avx2", "sha_ni"}, CRIU: "4.2.1", Runc: "1.5.2",
			LSM: "docker-default", Seccomp: true, UserNS: false, Cgroup: "v2", CgroupDriver: "systemd"},
		Validations: []Validation{{Name: "ledger", Query: "SELECT sum(amount) FROM transfers",
			Operator: "eq", Answer: "0", Comparable: true}},
		Steps: []Step{{Name: "quiesce", Start: 0, Millis: 41.5},
			{Name: "freeze", Start: 41.5, Millis: 2.25},
			{Name: "dump", Start: 96.75, Millis: 412.5, Note: "61 MB of pages"}},
		FrozenMillis: 471.25,
	}
}

// imageFiles are what sample's folder holds, with their contents.
var imageFiles = map[string]string{
	"core-1.img":         "core of the init process",
	"descriptors.json":   `["/dev/null","pipe:[41]","pipe:[42]"]`,
	"inventory.img":      "inventory",
	"lull-volume-0.list": "list of files",
	"pages-1.img":        "pages pages pages pages",
	"stats-dump":         "statistics",
}

func imageFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range imageFiles {
		put(t, dir, name, text)
	}
	return dir
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sealedFolder holds a checkpoint that verifies.
func sealedFolder(t *testing.T) (string, *Manifest) {
	t.Helper()
	dir, m := imageFolder(t), sample()
	if err := Write(dir, m); err != nil {
		t.Fatal(err)
	}
	if err := Seal(t.Context(), dir, m); err != nil {
		t.Fatal(err)
	}
	return dir, m
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}
