package examples

import (
	"context"
	"encoding/json"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/test/e2e/harness"
)

const folder = "../../../examples"

// stage is a checkpoint of a database with five tables, on a containerd that
// serves Docker too.
type stage struct {
	*harness.Docker
	ref string
}

func set(t *testing.T) *stage {
	t.Helper()
	harness.Full(t)
	d := harness.StartDocker(t, harness.DockerOptions{Version: "29"})
	pg := d.Postgres(t, harness.PostgresOptions{})
	pg.Exec(t, "CREATE TABLE a (); CREATE TABLE b (); CREATE TABLE c (); CREATE TABLE d (); CREATE TABLE e ()")
	s := &stage{d, harness.Name(t, "cp") + ":latest"}
	d.Lull(t, "checkpoint", pg.ID, s.ref)
	pg.Kill(t)
	pg.Remove(t)
	d.Load(t, "postgres:17")
	return s
}

// inside runs a program where the daemon's containers have their host.
func (s *stage) inside(t *testing.T, program string, env []string, args ...string) harness.Output {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, args...)
	cmd.Env = s.Environ(append([]string{"LULL_CONFIG=" + s.LullConfig(), "DOCKER_HOST=unix://" + s.Dockerd.Socket,
		"TMPDIR=" + s.Temp()}, env...)...)
	var o harness.Output
	if err := netns.Do(s.Network, func() error { o = harness.Run(t, cmd); return nil }); err != nil {
		t.Fatal(err)
	}
	return o
}

func (s *stage) lull(t *testing.T, args ...string) string {
	t.Helper()
	o := s.inside(t, s.LullProgram(), nil, args...)
	if o.Code != 0 {
		t.Fatal(o)
	}
	return o.Stdout
}

// A service of Compose's works on a clone.
func TestCompose(t *testing.T) {
	s := set(t)
	name := harness.Name(t, "k")
	var told []harness.Cloned
	text := s.lull(t, "clone", "--json", "--publish=0.0.0.0:0", s.ref, name)
	t.Cleanup(func() { s.lull(t, "clone", "rm", "--all") })
	if err := json.Unmarshal([]byte(text), &told); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	_, port, err := net.SplitHostPort(told[0].Published)
	if err != nil {
		t.Fatal(err)
	}
	tool, err := s.Lab.Aside("compose")
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"SHOP_PASSWORD=" + harness.Canary, "SHOP_PORT=" + port}
	project := []string{"--file", filepath.Join(folder, "compose", "compose.yaml"), "--project-name", "lull-example"}
	o := s.inside(t, tool.Path("docker-compose"), env, append(project, "up", "--exit-code-from", "app")...)
	if o.Code != 0 || !strings.Contains(o.Stdout+o.Stderr, "the clone has 5 tables") {
		t.Error(o)
	}
	if o := s.inside(t, tool.Path("docker-compose"), env, append(project, "down")...); o.Code != 0 {
		t.Error(o)
	}
	own := s.Try(t, "run", "--rm", "--env", "PGPASSWORD="+harness.Canary, "--env", "PGCONNECT_TIMEOUT=20",
		"--entrypoint", "psql", "postgres:17", "--host", told[0].Host, "--username", "postgres", "-Atc", "SELECT 1")
	t.Logf("a container of Docker's at the clone's own address: %s", own)
}

// Tests in Go have a clone each, or share one, or take theirs out of a pool.
func TestGo(t *testing.T) {
	s := set(t)
	s.lull(t, "pool", "create", s.ref, "tests", "--size=1")
	t.Cleanup(func() { s.lull(t, "pool", "rm", "tests") })
	s.goTest(t, "lulltest", "LULL_CHECKPOINT="+s.ref, "LULL_POOL=tests")
}

// The application under test is in a container of Testcontainers'.
func TestTestcontainers(t *testing.T) {
	harness.Full(t)
	s := set(t)
	s.goTest(t, "app", "LULL_CHECKPOINT="+s.ref, "LULL_APP_IMAGE=postgres:17", "TESTCONTAINERS_RYUK_DISABLED=true")
}

// goTest builds a package of the example where modules can be fetched, and
// runs it in the daemon's network.
func (s *stage) goTest(t *testing.T, name string, env ...string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), name+".test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", program, "./"+name)
	build.Dir = filepath.Join(folder, "testcontainers-go")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	o := s.inside(t, program, append(env, "LULL="+s.LullProgram()), "-test.v")
	if o.Code != 0 || strings.Contains(o.Stdout, "--- SKIP") {
		t.Error(o)
	}
}
