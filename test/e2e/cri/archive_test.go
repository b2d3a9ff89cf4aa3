package cri

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// readable: checkpointctl knows the container in the archive.
func readable(t *testing.T, n *node, archive, id string) {
	t.Helper()
	ctl, err := n.Lab.Aside("checkpointctl")
	if err != nil {
		t.Fatal(err)
	}
	o := harness.RunProgram(t.Context(), t, ctl.Path("checkpointctl"), "show", archive)
	if o.Code != 0 || !strings.Contains(o.Stdout, id[:12]) {
		t.Errorf("checkpointctl: %s", o)
	}
}

// unpacked is an archive of the CRI's as a bundle of plain runc's.
type unpacked struct {
	n        *node
	dir      string // of the archive's contents
	bundle   string
	id       string
	spec     specs.Spec
	criuConf string
}

func unpack(t *testing.T, n *node, archive, image string) *unpacked {
	t.Helper()
	u := &unpacked{n: n, dir: filepath.Join(n.Volume(t), "archive"), id: harness.Name(t, "rc")}
	u.bundle, u.criuConf = filepath.Join(u.dir, "bundle"), filepath.Join(u.dir, "runc.conf")
	rootfs := filepath.Join(u.bundle, "rootfs")
	if err := os.MkdirAll(rootfs, 0o755); err != nil {
		t.Fatal(err)
	}
	harness.MustRun(t, "tar", "-x", "--numeric-owner", "-C", u.dir, "-f", archive)
	path, err := n.Lab.Image(image)
	if err != nil {
		t.Fatal(err)
	}
	img, err := tarball.ImageFromPath(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	tree := mutate.Extract(img)
	defer tree.Close()
	cmd := exec.Command("tar", "-x", "--numeric-owner", "-C", rootfs)
	cmd.Stdin = tree
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("unpack the image: %v\n%s", err, out)
	}
	harness.MustRun(t, "tar", "-x", "-z", "--numeric-owner", "-C", rootfs, "-f", filepath.Join(u.dir, "rootfs-diff.tar"))
	u.readSpec(t)
	return u
}

// asked is what the database's label said to drift.
func (u *unpacked) asked(t *testing.T) string {
	t.Helper()
	m, err := manifest.Verify(t.Context(), filepath.Join(u.dir, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	return m.Asked.OnDrift
}

// readSpec gives the container other sources for what was the pod's.
func (u *unpacked) readSpec(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(u.dir, "spec.dump"))
	if err == nil {
		err = json.Unmarshal(text, &u.spec)
	}
	if err != nil {
		t.Fatal(err)
	}
	u.spec.Root.Path = "rootfs"
	u.spec.Annotations[criu.ConfigAnnotation] = u.criuConf
	u.spec.Linux.CgroupsPath = "/" + u.id
	for i, ns := range u.spec.Linux.Namespaces {
		u.spec.Linux.Namespaces[i].Path = ""
		if ns.Type == specs.NetworkNamespace {
			u.spec.Linux.Namespaces[i].Path = u.netNS()
		}
	}
	for i, m := range u.spec.Mounts {
		if !strings.Contains(m.Source, "io.containerd.grpc.v1.cri") {
			continue
		}
		u.spec.Mounts[i].Source = filepath.Join(u.dir, "of-the-pod", filepath.Base(m.Source))
		info, err := os.Stat(m.Source)
		if err == nil && info.IsDir() {
			err = os.MkdirAll(u.spec.Mounts[i].Source, 0o777|os.ModeSticky)
		} else if err == nil {
			err = errors.Join(os.MkdirAll(filepath.Dir(u.spec.Mounts[i].Source), 0o755), copyFile(m.Source, u.spec.Mounts[i].Source))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if text, err = json.Marshal(u.spec); err == nil {
		err = os.WriteFile(filepath.Join(u.bundle, "config.json"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

func (u *unpacked) netNS() string { return filepath.Join(u.n.Dir, "pod-net") }

// restore runs runc with lull's hooks, and gives the pid.
func (u *unpacked) restore(t *testing.T) int {
	t.Helper()
	if err := netns.Create(u.netNS()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := netns.Remove(u.netNS()); err != nil {
			t.Errorf("left behind: %v", err)
		}
	})
	o := harness.RunProgram(t.Context(), t, filepath.Join(u.n.Bin(), "lull"), "--config", u.n.LullConfig(), "hooks", "install",
		"--criu-config", u.criuConf, "--script", filepath.Join(u.dir, "criu-action"), "--oci-hooks", "")
	if o.Code != 0 {
		t.Fatal(o)
	}
	log, pidFile := filepath.Join(u.dir, "runc.log"), filepath.Join(u.dir, "pid")
	t.Cleanup(func() { u.delete(t) })
	cmd := u.runc("--log", log, "restore", "--detach", "--bundle", u.bundle, "--image-path", filepath.Join(u.dir, "checkpoint"),
		"--work-path", filepath.Join(u.dir, "restore"), "--pid-file", pidFile, u.id)
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(log) // none: it had nothing to say
		t.Fatalf("runc restore: %v\n%s", err, said)
	}
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func (u *unpacked) runc(args ...string) *exec.Cmd {
	cmd := exec.Command(u.n.Lab.Path("runc"), append([]string{"--root", filepath.Join(u.dir, "runc")}, args...)...)
	cmd.Env = u.n.Lab.Env()
	return cmd
}

func (u *unpacked) delete(t *testing.T) {
	if out, err := u.runc("delete", "--force", u.id).CombinedOutput(); err != nil {
		t.Errorf("left behind: container %s: %v: %s", u.id, err, out)
	}
}
