package deep

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/store"
)

// Every step that is planned is a function of its script, and shells can read
// the scripts.
func TestPlans(t *testing.T) {
	for _, engine := range []string{quiesce.Postgres, quiesce.MySQL, quiesce.MariaDB, quiesce.Redis, quiesce.Valkey, quiesce.MongoDB} {
		p, err := planOf(engine)
		if err != nil || len(p.checks) == 0 {
			t.Fatalf("%s: %+v, %v", engine, p, err)
		}
		for _, c := range p.checks {
			out, err := exec.Command("sh", "-c", "set -n\n"+p.script).CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v: %s", engine, err, out)
			}
			if !slices.Contains([]string{"wal", "start", "amcheck", "checksums", "binlog", "tables", "aof", "rdb", "validate"}, c.step) {
				t.Errorf("%s: %s", engine, c.step)
			}
		}
	}
	if _, err := planOf("another"); !errors.Is(err, ErrNoChecks) {
		t.Errorf("got %v", err)
	}
}

// What the programs say decides, and what is not there is skipped.
func TestRedisScript(t *testing.T) {
	bin, data := t.TempDir(), t.TempDir()
	program := func(name, text string) {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run := func(step string) (int, string) {
		cmd := exec.Command("sh", "-c", redisScript, "deep", step)
		cmd.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "DATA=" + data}
		out, _ := cmd.Output()
		return cmd.ProcessState.ExitCode(), oneLine(string(out))
	}
	if code, said := run("rdb"); code != notApplicable || said != "no redis-check-rdb in the image" {
		t.Errorf("no program: %d, %s", code, said)
	}
	program("redis-check-rdb", "exit 0")
	if code, said := run("rdb"); code != notApplicable || said != "there is no such file" {
		t.Errorf("no file: %d, %s", code, said)
	}
	if err := os.WriteFile(filepath.Join(data, "dump.rdb"), []byte("REDIS"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, said := run("rdb"); code != 0 || said != "1 files" {
		t.Errorf("whole: %d, %s", code, said)
	}
	program("redis-check-rdb", "echo RDB checksum differs; exit 1")
	if code, said := run("rdb"); code != 1 || said != "RDB checksum differs" {
		t.Errorf("damaged: %d, %s", code, said)
	}
}

func TestCloseOff(t *testing.T) {
	spec := &specs.Spec{
		Process: &specs.Process{Args: []string{"docker-entrypoint.sh", "mysqld"}, Cwd: "/x", Terminal: true, User: specs.User{UID: 5},
			Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_SYS_ADMIN"}}},
		Annotations: map[string]string{"lull/engine": "mysql", "lull/mode": "fence"},
		Hooks:       &specs.Hooks{},
		Root:        &specs.Root{Path: "/"},
		Mounts: []specs.Mount{{Destination: "/proc", Type: "proc"}, {Destination: "/data", Type: "bind", Source: "/volumes/live"},
			{Destination: "/etc/hosts", Options: []string{"rbind"}}, {Destination: "/disk", Type: "ext4", Source: "/dev/sda1"}},
		Linux: &specs.Linux{Devices: []specs.LinuxDevice{{Path: "/dev/sda"}}, Namespaces: []specs.LinuxNamespace{{Type: specs.NetworkNamespace, Path: "/run/netns/live"}, {Type: specs.MountNamespace}}},
	}
	closeOff(spec, "id", []specs.Mount{{Destination: "/data", Source: "/copy"}})
	if len(spec.Mounts) != 2 || spec.Mounts[1].Source != "/copy" || spec.Hooks != nil || spec.Process.User.UID != 0 {
		t.Errorf("got %+v", spec)
	}
	if p := spec.Process; !p.NoNewPrivileges || len(p.Capabilities.Bounding) > 0 || len(spec.Linux.Devices) > 0 || spec.Root.Path != "rootfs" {
		t.Errorf("it may %+v, %+v", p, spec.Linux.Devices)
	}
	if len(spec.Linux.Namespaces) != 5 {
		t.Errorf("namespaces %+v", spec.Linux.Namespaces)
	}
	for _, ns := range spec.Linux.Namespaces {
		if ns.Path != "" {
			t.Errorf("it enters %+v", ns)
		}
	}
	if len(spec.Annotations) != 1 || spec.Annotations["lull/engine"] != quiesce.None {
		t.Errorf("annotations %v", spec.Annotations)
	}
}

func TestServerArgs(t *testing.T) {
	got := serverArgs([]string{"docker-entrypoint.sh", "mysqld", "--lower-case-table-names=1", "--init-file=/x.sql", "-v", "--innodb-page-size=8k"})
	if want := []string{"--lower-case-table-names=1", "--innodb-page-size=8k"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestServerArgsOfPostgres(t *testing.T) {
	for line, want := range map[string][]string{
		"docker-entrypoint.sh postgres -c max_connections=300 -cconfig_file=/etc/p.conf --work-mem=8MB": {"--max_connections=300", "--config_file=/etc/p.conf", "--work-mem=8MB"},
		"tini -g -- docker-entrypoint.sh -c timescaledb.max=1":                                          {"--timescaledb.max=1"},
		"sh -c PGPORT=1":      nil,
		"postgres -c":         nil,
		"postgres -c novalue": nil,
	} {
		if got := serverArgs(strings.Fields(line)); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

// A server is started with the options that it had, and one whose configuration
// is elsewhere is not called damaged.
func TestPostgresScript(t *testing.T) {
	bin, data := t.TempDir(), t.TempDir()
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) (int, string) {
		cmd := exec.Command("sh", append([]string{"-c", postgresScript, "deep", "start"}, args...)...)
		cmd.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "DATA=" + data}
		out, _ := cmd.Output()
		return cmd.ProcessState.ExitCode(), oneLine(string(out))
	}
	write(filepath.Join(bin, "pg_ctl"), `#!/bin/sh
for last; do :; done
eval "set -- $last"
printf '<%s>' "$@" >"$DATA/started"
rm -f /tmp/server.log; echo redo done at 0/1 >/tmp/server.log
`)
	if code, said := run(); code != notApplicable || !strings.Contains(said, data+"/postgresql.conf") {
		t.Errorf("no configuration: %d, %s", code, said)
	}
	if code, said := run("--config_file=/nowhere/p.conf"); code != notApplicable || !strings.Contains(said, "/nowhere/p.conf") {
		t.Errorf("a configuration that is not there: %d, %s", code, said)
	}
	write(filepath.Join(data, "postgresql.conf"), "")
	if code, said := run("--application_name=it's 1", "--single"); code != 0 || said != "redo done at 0/1" {
		t.Errorf("whole: %d, %s", code, said)
	}
	started, err := os.ReadFile(filepath.Join(data, "started"))
	if err != nil || !strings.HasPrefix(string(started), "<--application_name=it's 1><-c><listen_addresses=>") {
		t.Errorf("started with %s, %v", started, err)
	}
}

func TestOwnerOf(t *testing.T) {
	dir := t.TempDir()
	mounts := []specs.Mount{{Destination: "/elsewhere", Source: "/"}, {Destination: "/var/lib/data", Source: dir}}
	if _, err := ownerOf("/var/lib/data", mounts); err != nil {
		t.Error(err)
	}
	if _, err := ownerOf("/var/lib/data/none", mounts); err == nil {
		t.Error("a folder that is not there has an owner")
	}
}

// Only what is in this host's store is copied, whatever place a manifest names.
func TestCopyOf(t *testing.T) {
	const id = "00112233445566778899aabbccddeeff"
	v := &Verifier{Manifest: &manifest.Manifest{ID: id}, Captures: store.CapturesIn(t.TempDir())}
	for _, vol := range []manifest.Volume{
		{Name: "volume-0", Destination: "/data"}, {Name: "volume-0", Destination: "/data", Capture: &manifest.Capture{Path: t.TempDir()}},
	} {
		if _, err := v.copyOf(t.Context(), vol, filepath.Join(t.TempDir(), "copy")); err == nil {
			t.Errorf("%+v was copied", vol)
		}
	}
	if err := os.MkdirAll(filepath.Join(v.Captures.Folder(id), "volume-0"), 0o700); err != nil {
		t.Fatal(err)
	}
	here := manifest.Volume{Name: "volume-0", Destination: "/data", Capture: &manifest.Capture{Path: "/nowhere"}}
	if m, err := v.copyOf(t.Context(), here, filepath.Join(t.TempDir(), "copy")); err != nil || m.Destination != "/data" {
		t.Errorf("%+v, %v", m, err)
	}
}

// What a killed run has left goes with the next one, and not what lives.
func TestPlaceSweeps(t *testing.T) {
	dir := t.TempDir()
	lives, err := place(dir, "lives", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lives.Close()
	for _, name := range []string{"killed", "container stays"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := place(dir, "new", func(id string) error {
		if id == "container stays" {
			return errors.New("it does not end")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	var names []string
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"container stays", "lives", "new"}; !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
}
