package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/freezer"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// bundled is a container of plain runc's, or of a runtime with its command
// line.
type bundled struct {
	*host
	runtime string // program
	id      string
	bundle  string
	images  string // of the last checkpoint
}

// newBundle unpacks an image of the lab's and writes the spec that an engine
// would.
func newBundle(t *testing.T, h *host, runtime, image string, change func(*specs.Spec)) *bundled {
	t.Helper()
	b := &bundled{host: h, runtime: runtime, id: harness.Name(t, "rc")}
	b.bundle = filepath.Join(h.data, b.id)
	archive, err := h.lab.Image(image)
	if err != nil {
		t.Fatal(err)
	}
	img, err := tarball.ImageFromPath(archive, nil)
	if err != nil {
		t.Fatal(err)
	}
	unpack(t, img, filepath.Join(b.bundle, "rootfs"))
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	spec := specOf(config.Config, h.criuConfig)
	change(spec)
	b.write(t, spec)
	return b
}

func (b *bundled) write(t *testing.T, spec *specs.Spec) {
	t.Helper()
	text, err := json.Marshal(spec)
	if err == nil {
		err = os.WriteFile(filepath.Join(b.bundle, "config.json"), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func unpack(t *testing.T, img v1.Image, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	tree := mutate.Extract(img)
	defer tree.Close()
	cmd := exec.Command("tar", "-x", "--numeric-owner", "-C", dir)
	cmd.Stdin = tree
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("unpack the image: %v\n%s", err, out)
	}
	_, _ = io.Copy(io.Discard, tree)
}

func (b *bundled) args(args ...string) []string {
	return append([]string{"--root", filepath.Join(b.run, "runtime")}, args...)
}

func (b *bundled) start(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { b.cleanUp(t) })
	succeeded(t, b.detached(t, "run", "--detach", "--bundle", b.bundle, b.id))
}

// detached runs a command whose container inherits its output: that goes
// nowhere, and what the runtime says comes from its log.
func (b *bundled) detached(t *testing.T, args ...string) harness.Output {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	log := filepath.Join(b.data, "runtime.log")
	if err := os.RemoveAll(log); err != nil {
		t.Fatal(err)
	}
	cmd := b.command(ctx, b.runtime, append([]string{"--log", log}, b.args(args...)...)...)
	err := cmd.Run()
	said, _ := os.ReadFile(log) // none: it had nothing to say
	o := harness.Output{Command: strings.Join(cmd.Args, " "), Stderr: string(said), Code: cmd.ProcessState.ExitCode()}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", o.Command, err)
	}
	return o
}

func (b *bundled) cleanUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if pid, err := b.pid(ctx); err == nil {
		if f, err := freezer.Of(pid); err == nil {
			_ = f.Thaw(ctx) // nothing frozen dies; the next step tells
		}
	}
	if out, err := b.command(ctx, b.runtime, b.args("delete", "--force", b.id)...).CombinedOutput(); err != nil {
		t.Errorf("left behind: container %s: %v: %s", b.id, err, out)
	}
}

func (b *bundled) pid(ctx context.Context) (int, error) {
	var s specs.State
	out, err := b.command(ctx, b.runtime, b.args("state", b.id)...).Output()
	if err != nil {
		return 0, fmt.Errorf("%s state: %w", b.runtime, err)
	}
	if err := json.Unmarshal(out, &s); err != nil {
		return 0, err
	}
	if s.Status != specs.StateRunning {
		return 0, fmt.Errorf("container %s is %s", b.id, s.Status)
	}
	return s.Pid, nil
}

func (b *bundled) checkpoint(t *testing.T, stop bool) harness.Output {
	t.Helper()
	b.images = filepath.Join(b.data, harness.Name(t, "im"))
	args := []string{"checkpoint", "--image-path", b.images, "--work-path", filepath.Join(b.data, "dump")}
	if !stop {
		args = append(args, "--leave-running")
	}
	return b.try(t, b.runtime, b.args(append(args, b.id)...)...)
}

func (b *bundled) lose(t *testing.T) {
	t.Helper()
	b.must(t, b.runtime, b.args("delete", "--force", b.id)...)
}

func (b *bundled) restore(t *testing.T) harness.Output {
	t.Helper()
	return b.detached(t, "restore", "--detach", "--bundle", b.bundle, "--image-path", b.images,
		"--work-path", filepath.Join(b.data, "restore"), b.id)
}
