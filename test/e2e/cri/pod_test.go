package cri

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/lull-containers/lull/lab"
	"github.com/lull-containers/lull/test/e2e/harness"
)

const pauseImage = "lull.example/pause:lab"

const network = `{"cniVersion": "1.0.0", "name": "pods", "plugins": [{"type": "ptp",
  "ipam": {"type": "host-local", "dataDir": %q, "ranges": [[{"subnet": "10.88.0.0/24"}]]}}]}`

// node is a containerd with its CRI.
type node struct {
	*harness.Daemon
	crictl string
}

func newNode(t *testing.T) *node {
	t.Helper()
	l := harness.Require(t)
	cni, err := l.Aside("cni")
	if err != nil {
		t.Fatal(err)
	}
	crictl, err := l.Aside("crictl")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	conf := strings.Replace(network, "%q", string(must(json.Marshal(filepath.Join(dir, "addresses")))), 1)
	if err := os.WriteFile(filepath.Join(dir, "10-pods.conflist"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	n := &node{crictl: crictl.Path("crictl"), Daemon: harness.Start(t, harness.Options{Network: true, CRI: &lab.CRI{
		Sandbox: pauseImage, Annotations: []string{"lull/*"}, CNIConfig: dir, CNIPlugins: cni.Bin(),
	}})}
	n.givePause(t)
	return n
}

func must(text []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return text
}

// givePause makes of the lab's busybox the image that holds a pod.
func (n *node) givePause(t *testing.T) {
	t.Helper()
	archive, err := n.Lab.Image("busybox:lab")
	if err != nil {
		t.Fatal(err)
	}
	img, err := tarball.ImageFromPath(archive, nil)
	if err != nil {
		t.Fatal(err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config := file.Config
	config.Cmd, config.Entrypoint = nil, []string{"/bin/sleep", "100000000"}
	if img, err = mutate.Config(img, config); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "pause.tar")
	if err := tarball.WriteToFile(out, name.MustParseReference(pauseImage), img); err != nil {
		t.Fatal(err)
	}
	n.Ctr(t, "images", "import", out)
	n.sees(t, pauseImage)
}

// sees waits until the CRI has heard of an image.
func (n *node) sees(t *testing.T, image string) {
	t.Helper()
	harness.Eventually(t, "the CRI knows "+image, func() bool { return n.try(t, "inspecti", image).Code == 0 })
}

func (n *node) command(args ...string) []string {
	socket := "unix://" + n.Address
	return append([]string{"--runtime-endpoint", socket, "--image-endpoint", socket, "--timeout", "3m"}, args...)
}

func (n *node) try(t *testing.T, args ...string) harness.Output {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 4*time.Minute)
	defer cancel()
	return harness.RunProgram(ctx, t, n.crictl, n.command(args...)...)
}

func (n *node) do(t *testing.T, args ...string) string {
	t.Helper()
	o := n.try(t, args...)
	if o.Code != 0 {
		t.Fatal(o)
	}
	return strings.TrimSpace(o.Stdout)
}

type object = map[string]any

// security is the kubelet's: each container has its own processes, and does not
// see the kernel's files.
func security() object {
	const container = 1
	return object{"security_context": object{"namespace_options": object{"pid": container},
		"masked_paths": strings.Fields("/proc/asound /proc/acpi /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list " +
			"/proc/timer_stats /proc/sched_debug /proc/scsi /sys/firmware /sys/devices/virtual/powercap"),
		"readonly_paths": strings.Fields("/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger"),
	}}
}

// pod runs one container in a pod of its own, and gives both ids.
func (n *node) pod(t *testing.T, annotations map[string]string, container object) (pod, id string) {
	t.Helper()
	dir := t.TempDir()
	write := func(file string, o object) string {
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, must(json.Marshal(o)), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	sandbox := write("pod.json", object{
		"metadata":      object{"name": "db", "namespace": "default", "uid": harness.Name(t, "pod"), "attempt": 0},
		"annotations":   annotations,
		"log_directory": dir, "hostname": "db", "linux": security(),
	})
	pod = n.do(t, "runp", sandbox)
	t.Cleanup(func() {
		if o := n.try(t, "rmp", "--force", pod); o.Code != 0 && !strings.Contains(o.Stderr, "not found") {
			t.Errorf("left behind: %s", o)
		}
	})
	id = n.do(t, "create", pod, write("container.json", container), sandbox)
	n.do(t, "start", id)
	return pod, id
}

// pid of a container's first process.
func (n *node) pid(t *testing.T, id string) int {
	t.Helper()
	var state struct {
		Info struct {
			PID int `json:"pid"`
		} `json:"info"`
	}
	if err := json.Unmarshal([]byte(n.do(t, "inspect", "--output", "json", id)), &state); err != nil {
		t.Fatal(err)
	}
	return state.Info.PID
}
