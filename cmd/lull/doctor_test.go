package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/quiesce"
)

func TestFindDaemon(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, address := range []string{path, "unix://" + path} {
		d, err := findDaemon(address)
		if err != nil || d.pid != os.Getpid() || d.path() != os.Getenv("PATH") {
			t.Errorf("%s: %+v, %v", address, d, err)
		}
	}
	if _, err := findDaemon(path + "2"); err == nil {
		t.Error("a daemon on a socket that is not there")
	}
}

// install puts a program into a folder: this test's own binary, which is of
// lull's making as far as the linker is concerned, or a script.
func install(t *testing.T, dir, name string, ours bool) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if !ours {
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, path)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestShimFindings(t *testing.T) {
	for _, tc := range []struct {
		name    string
		install func(cwd, path, beside string)
		want    string // severities of: shim, named runtime, stock shim
		says    string
	}{
		{"nothing", func(_, _, _ string) {}, "fail warn ok", "finds no containerd-shim-runc-v2"},
		{"stock only", func(_, path, _ string) { install(t, path, shimStock, false) }, "fail warn ok", "is the stock shim"},
		{"stock beside the daemon", func(_, _, beside string) { install(t, beside, shimStock, false) }, "fail warn ok", "is the stock shim"},
		{"named only", func(_, path, _ string) {
			install(t, path, shimStock, false)
			install(t, path, shimLull, true)
		}, "warn ok ok", "io.containerd.lull.v2 is lull's"},
		{"diverted", func(_, path, _ string) {
			install(t, path, shimStock, true)
			install(t, path, shimStock+stockSuffix, false)
			install(t, path, shimLull, true)
		}, "ok ok ok", shimStock + stockSuffix},
		{"diverted, no stock", func(_, path, _ string) {
			install(t, path, shimStock, true)
			install(t, path, shimLull, true)
		}, "ok ok ok", "none found"},
		{"working folder goes first", func(cwd, path, _ string) {
			install(t, cwd, shimStock, false)
			install(t, path, shimStock, true)
			install(t, path, shimLull, true)
		}, "warn ok ok", "is the stock shim"},
		{"impostor", func(_, path, _ string) {
			install(t, path, shimStock, false)
			install(t, path, shimLull, false)
		}, "warn fail ok", "is not lull's"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cwd, path, beside := t.TempDir(), t.TempDir(), t.TempDir()
			tc.install(cwd, path, beside)
			d := daemon{pid: 1, cwd: cwd, exe: filepath.Join(beside, "containerd"), env: map[string]string{"PATH": path}}
			got := []criu.Finding{d.divertFinding(), d.namedFinding(), stockFinding(d, config.Default())}
			var severities, texts []string
			for _, f := range got {
				severities, texts = append(severities, string(f.Severity)), append(texts, f.What)
			}
			if s := strings.Join(severities, " "); s != tc.want || !strings.Contains(strings.Join(texts, "\n"), tc.says) {
				t.Errorf("got %s: %q; want %s: %q", s, texts, tc.want, tc.says)
			}
		})
	}
}

func TestDockerIsServed(t *testing.T) {
	stock, front := t.TempDir(), t.TempDir()
	install(t, stock, shimStock, false)
	install(t, stock, shimLull, true)
	install(t, front, shimStock, true)
	for runtime, want := range map[string][]int{"": {exitHost, exitOK}, "runc": {exitHost, exitOK}, runtimeLull: {exitOK, exitHost}} {
		for i, path := range []string{stock, front} {
			err := daemon{pid: 1, env: map[string]string{"PATH": path}}.serves(runtime)
			if got := codeOf(t.Context(), err); got != want[i] {
				t.Errorf("%q on %d: exit code %d, want %d: %v", runtime, i, got, want[i], err)
			}
		}
	}
}

func TestStockShimSetting(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]criu.Severity{
		install(t, dir, "stock", false): criu.OK, install(t, dir, "ours", true): criu.Fail, filepath.Join(dir, "none"): criu.Fail,
	} {
		if got := stockFinding(daemon{}, config.Config{StockShim: path}); got.Severity != want {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

func TestConfigFinding(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want criu.Severity
	}{{nil, criu.OK}, {errBoom, criu.Fail}} {
		if got := configFinding("/none", tc.err); got.Severity != tc.want {
			t.Errorf("%v: %+v", tc.err, got)
		}
	}
	d := daemon{env: map[string]string{"LULL_CONFIG": "/a"}}
	if len(d.configFindings("/a")) != 0 || len(d.configFindings("/b")) != 1 || len(daemon{}.configFindings(config.DefaultPath)) != 0 {
		t.Error("another configuration than the shims' is not found out")
	}
}

func TestFolderFinding(t *testing.T) {
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		room uint64
		want criu.Severity
	}{"enough room": {1, criu.OK}, "too little room": {1 << 62, criu.Warn}} {
		if got := folderFinding("store", filepath.Join(dir, "yet", "to", "be", "made"), tc.room); got.Severity != tc.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := folderFinding("store", "/proc/1/none", 1); got.Severity != criu.Fail {
		t.Errorf("a folder that cannot be made: %+v", got)
	}
}

func TestFreezerFinding(t *testing.T) {
	if got := freezerFinding(t.TempDir()); got.Severity != criu.Fail || got.Remedy == "" {
		t.Errorf("a folder without freezers: %+v", got)
	}
}

func TestShmFindings(t *testing.T) {
	for _, tc := range []struct {
		mount specs.Mount
		want  int
	}{
		{specs.Mount{Destination: "/dev/shm", Type: "tmpfs"}, 0},
		{specs.Mount{Destination: "/dev/shm", Type: "bind", Source: "/x"}, 1},
		{specs.Mount{Destination: "/dev/shm", Source: "/x", Options: []string{"rbind"}}, 1},
		{specs.Mount{Destination: "/data", Type: "bind"}, 0},
	} {
		if got := shmFindings(&specs.Spec{Mounts: []specs.Mount{tc.mount}}); len(got) != tc.want {
			t.Errorf("%+v: %v", tc.mount, got)
		}
	}
}

func TestNetworkFinding(t *testing.T) {
	for name, tc := range map[string]struct {
		spec *specs.Spec
		want criu.Severity
	}{
		"own":   {&specs.Spec{Linux: &specs.Linux{Namespaces: []specs.LinuxNamespace{{Type: specs.NetworkNamespace}}}}, criu.OK},
		"given": {&specs.Spec{Linux: &specs.Linux{Namespaces: []specs.LinuxNamespace{{Type: specs.NetworkNamespace, Path: "/x"}}}}, criu.OK},
		"host":  {&specs.Spec{Linux: &specs.Linux{Namespaces: []specs.LinuxNamespace{{Type: specs.PIDNamespace}}}}, criu.Warn},
		"none":  {&specs.Spec{}, criu.Warn},
	} {
		if got := networkFinding(tc.spec); got.Severity != tc.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestContainerVerdicts(t *testing.T) {
	pg := quiesce.Found{Engine: "postgres", By: "image"}
	record := &state.Record{Phase: state.Open, Warnings: []string{"w"}, Error: "[lull:dump] it failed"}
	for name, tc := range map[string]struct {
		s    subject
		want string // detection, served
	}{
		"served":       {subject{found: pg, record: record, status: running}, "ok ok"},
		"unserved":     {subject{found: pg, status: running}, "ok fail"},
		"not running":  {subject{found: pg}, "ok ok"},
		"no database":  {subject{status: running}, "warn ok"},
		"switched off": {subject{found: quiesce.Found{Engine: quiesce.None}, status: running}, "ok ok"},
		"wrong":        {subject{wrong: errors.New("x"), status: running}, "fail fail"},
	} {
		if got := string(tc.s.detectionFinding().Severity + " " + tc.s.servedFinding().Severity); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
	past := (&subject{record: record}).pastFindings()
	if len(past) != 2 || past[0].What != "w" || past[1].What != "it failed" {
		t.Errorf("past: %+v", past)
	}
}
