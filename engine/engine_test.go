package engine

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

func container(engine string, args, env []string) *Container {
	return &Container{
		Spec:  &specs.Spec{Process: &specs.Process{Args: args, Env: env}},
		Found: quiesce.Found{Engine: engine},
	}
}

func TestDataFolders(t *testing.T) {
	tests := []struct {
		name      string
		engine    string
		args, env []string
		want      string
	}{
		{"official postgres", "postgres", []string{"docker-entrypoint.sh", "postgres"}, []string{"PGDATA=/var/lib/postgresql/data"}, "/var/lib/postgresql/data"},
		{"a folder below the mount", "postgres", []string{"postgres"}, []string{"PGDATA=/var/lib/postgresql/data/pgdata"}, "/var/lib/postgresql/data/pgdata"},
		{"-D apart wins", "postgres", []string{"postgres", "-D", "/db"}, []string{"PGDATA=/other"}, "/db"},
		{"-D attached", "postgres", []string{"postgres", "-D/db"}, nil, "/db"},
		{"nobody says", "postgres", []string{"postgres"}, nil, "/var/lib/postgresql/data"},
		{"mysql", "mysql", []string{"mysqld", "--datadir=/m"}, nil, "/m"},
		{"redis", "redis", []string{"redis-server", "--dir", "/r"}, nil, "/r"},
		{"bitnami's postgres", "postgres", []string{"/opt/bitnami/scripts/postgresql/run.sh"}, []string{"BITNAMI_APP_NAME=postgresql"}, "/bitnami/postgresql/data"},
		{"bitnami's mongodb", "mongodb", nil, []string{"BITNAMI_APP_NAME=mongodb"}, "/bitnami/mongodb/data/db"},
		{"bitnami's mariadb, told where", "mariadb", []string{"mariadbd", "--datadir=/m"}, []string{"BITNAMI_APP_NAME=mariadb"}, "/m"},
		{"a flag without its value", "redis", []string{"redis-server", "--dir"}, nil, "/data"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := DataFolders(container(tt.engine, tt.args, tt.env)); !slices.Equal(got, []string{tt.want}) {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestFits(t *testing.T) {
	here := manifest.Host{Arch: runtime.GOARCH, CPU: cpuFlags(), CRIU: "4.2.1"}
	tools := Tools{CRIU: "4.2.1"}
	if err := fits(here, tools); err != nil {
		t.Errorf("this host refuses itself: %v", err)
	}
	for name, change := range map[string]func(*manifest.Host){
		"another architecture": func(h *manifest.Host) { h.Arch = "s390x" },
		"a CPU feature more":   func(h *manifest.Host) { h.CPU = append(slices.Clone(h.CPU), "warp9") },
		"a newer CRIU":         func(h *manifest.Host) { h.CRIU = "4.3" },
	} {
		was := here
		change(&was)
		if err := fits(was, tools); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	was := here
	was.CPU = append(slices.Clone(here.CPU), "hypervisor")
	if err := fits(was, Tools{CRIU: "4.3"}); err != nil {
		t.Errorf("a flag that says nothing about code, and a newer CRIU here: %v", err)
	}
}

func TestLabelsWinOverAnnotations(t *testing.T) {
	got := LullLabels(map[string]string{"lull/mode": "fence", "other": "x"}, map[string]string{"lull/mode": "flush", "lull/require": "clean"})
	if got["mode"] != "fence" || got["require"] != "clean" || len(got) != 2 {
		t.Errorf("%v", got)
	}
}

// cut is a cut without a container, up to the freeze.
func cut(t *testing.T, s config.Settings) *Cut {
	t.Helper()
	c := container("postgres", nil, nil)
	c.Settings = s
	c.Paths.Store = t.TempDir()
	c.Paths.CRIUConf = filepath.Join(t.TempDir(), "criu.conf")
	return NewCut(c, nil, nil)
}

func TestRequire(t *testing.T) {
	tests := []struct {
		name   string
		level  manifest.Level
		want   string
		reason error
		code   rpccode.Code
		says   string
	}{
		{"reached", manifest.Flushed, "flushed", nil, "", ""},
		{"more than required", manifest.Clean, "crash-consistent", nil, "", ""},
		{"not fenced", manifest.Flushed, "clean", nil, rpccode.Level, "lull/mode=fence"},
		{"a login that failed", manifest.CrashConsistent, "flushed",
			&quiesce.Refusal{Class: quiesce.ErrAuth, What: "no entry", Remedy: "set lull/user"}, rpccode.Database, "set lull/user"},
		{"anything else", manifest.CrashConsistent, "flushed", errors.New("boom"), rpccode.Level, "boom"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := cut(t, config.Settings{Require: tt.want})
			k.level, k.reason = tt.level, tt.reason
			err := (&dump{Cut: k}).require(context.Background())
			code, _ := rpccode.Of(err)
			if code != tt.code || (err != nil && !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestObstacle(t *testing.T) {
	k := cut(t, config.Settings{Require: "crash-consistent"})
	k.Obstacle(errors.New("io_uring"))
	_, err := k.Dump(context.Background(), nil, Request{Dir: t.TempDir()})
	if code, _ := rpccode.Of(err); code != rpccode.Preflight {
		t.Errorf("got %v", err)
	}
}

func TestPoison(t *testing.T) {
	k := cut(t, config.Settings{})
	one, two := target{manifest.NewID(), t.TempDir()}, target{manifest.NewID(), t.TempDir()}
	for _, d := range []target{one, two} {
		if err := k.place(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := unmarked(k.c.Paths.Store, one.id); err != nil {
		t.Fatal(err)
	}
	if err := k.Poison("thawed"); err != nil {
		t.Fatal(err)
	}
	for _, d := range []target{one, two} {
		if err := unmarked(k.c.Paths.Store, d.id); err == nil || !strings.Contains(err.Error(), "thawed") {
			t.Errorf("the store does not know: %v", err)
		}
	}
	if err := k.place(target{manifest.NewID(), t.TempDir()}); err == nil {
		t.Error("a poisoned cut may still dump")
	}
	if err := k.check(); err == nil {
		t.Error("a poisoned cut may still be sealed")
	}
}

func TestStepNames(t *testing.T) {
	if got := CheckpointSteps(); got[0] != "locate" || got[len(got)-1] != "seal" || !slices.Contains(got, "fence") {
		t.Errorf("%q", got)
	}
	if got := RestoreSteps(); got[0] != "manifest" || got[len(got)-1] != "open network" {
		t.Errorf("%q", got)
	}
}

func TestPortsOf(t *testing.T) {
	got := portsOf([]string{"127.0.0.1:5432", "[::1]:5432", "10.0.0.1:6432", "nonsense"})
	if !slices.Equal(got, []uint16{5432, 6432}) {
		t.Errorf("%v", got)
	}
}
