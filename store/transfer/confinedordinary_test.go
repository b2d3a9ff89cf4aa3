package transfer

import (
	"testing"

	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// What ctr and Docker make without being told otherwise is no harm.
func TestOrdinaryContainersAreConfined(t *testing.T) {
	data := specs.Mount{Destination: "/data", Type: "bind", Source: "/srv/redis", Options: []string{"rbind", "rw"}}
	ctr, err := oci.GenerateSpec(namespaces.WithNamespace(t.Context(), "test"), nil, &containers.Container{ID: "db"},
		oci.WithMounts([]specs.Mount{data}), oci.WithHostHostsFile, oci.WithHostResolvconf, oci.WithHostNamespace(specs.NetworkNamespace))
	must(t, err)
	docker := *ctr
	docker.Linux = &specs.Linux{Namespaces: ctr.Linux.Namespaces, ReadonlyPaths: ctr.Linux.ReadonlyPaths,
		MaskedPaths: []string{"/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
			"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"}}
	for _, name := range []string{"resolv.conf", "hostname", "hosts"} {
		docker.Mounts = append(docker.Mounts, specs.Mount{Destination: "/etc/" + name, Type: "bind",
			Source: "/var/lib/docker/containers/0123/" + name, Options: []string{"rbind", "rprivate"}})
	}
	for name, s := range map[string]*specs.Spec{"ctr": ctr, "docker": &docker} {
		if err := confinedSpec(s, mountRules{captured: []string{"/data"}, store: "/var/lib/lull"}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
