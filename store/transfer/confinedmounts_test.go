package transfer

import (
	"errors"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

func TestConfinedMounts(t *testing.T) {
	const no, trust, yes = "no", "trust", "yes"
	for _, c := range []struct{ source, destination, option, may string }{
		{"/srv/pg", "/data", "rw", yes},
		{"/srv/pg", "/data/", "rw", yes},
		{"/mnt/pg", "/var/lib/postgresql", "rw", yes}, // around the data folder
		{"/var/lib/docker/volumes/pg/_data", "/data", "rw", yes},
		{"/var/lib/kubelet/pods/1-2/volumes/kubernetes.io~csi/pvc/mount", "/data", "rw", yes},
		{"/etc/hosts", "/etc/hosts", "ro", yes},
		{"/var/lib/docker/containers/1/resolv.conf", "/etc/resolv.conf", "rw", yes},
		{"/var/lib/docker/containers/1/mounts/shm", "/dev/shm", "rw", yes},
		{"/dev/shm/pg", "/dev/shm", "rw", yes},
		{"/usr/share/zoneinfo/UTC", "/etc/localtime", "ro", yes},

		{"/srv/archive", "/archive", "rw", trust},
		{"/srv/pg", "/database", "rw", trust}, // begins like one
		{"/run/systemd/private", "/s", "rw", trust},
		{"/run/dbus", "/data", "rw", trust},
		{"/var/spool/cron", "/data", "rw", trust},
		{"/var/lib/docker", "/data", "rw", trust},
		{"/var/lib/docker/overlay2", "/data", "rw", trust},
		{"/home/someone/.ssh", "/data", "rw", trust},
		{"/etc/shadow", "/etc/hosts", "ro", trust},
		{"/usr/share", "/data", "ro", trust},

		{"/", "/data", "ro", no},
		{"/var", "/data", "rw", no},
		{"/var/lib/lull", "/data", "rw", no},
		{"/var/lib/lull/checkpoints", "/data", "ro", no},
		{"/etc/cron.d", "/data", "rw", no},
		{"/run/containerd/containerd.sock", "/data", "ro", no},
		{"/srv/../root/.ssh", "/data", "rw", no},
	} {
		m := specs.Mount{Destination: c.destination, Type: "bind", Source: c.source, Options: []string{"rbind", c.option}}
		r := mountRules{captured: []string{"/data", "/var/lib/postgresql/data"}, store: "/var/lib/lull"}
		for trusted, may := range map[bool]bool{false: c.may == yes, true: c.may != no} {
			r.trusted = trusted
			if err := r.confined(m); errors.Is(err, ErrHarm) == may || may && err != nil {
				t.Errorf("%s on %s, trusted %t: %v", c.source, c.destination, trusted, err)
			}
		}
	}
}
