package engine

import (
	"errors"
	"os"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/freezer"
)

// Who makes a container's cgroup.
const (
	cgroupfs = "cgroupfs"
	systemd  = "systemd"
)

// cgroupVersion is of the hierarchy that has the freezer.
func cgroupVersion() string {
	if freezer.Unified() {
		return "v2"
	}
	return "v1"
}

// cgroupDriver is told by the form of the spec's path: slice:prefix:name is
// systemd's. Without a path the runtime chooses, and nobody says what.
func cgroupDriver(spec *specs.Spec) string {
	switch {
	case spec.Linux == nil || spec.Linux.CgroupsPath == "":
		return ""
	case strings.Count(spec.Linux.CgroupsPath, ":") == 2 && !strings.Contains(spec.Linux.CgroupsPath, "/"):
		return systemd
	}
	return cgroupfs
}

func systemdRuns() bool {
	_, err := os.Stat("/run/systemd/system") // as sd_booted(3) does
	return err == nil
}

// placeable refuses a container that systemd is to make a cgroup for where it
// does not run: the runtime would say so when the volumes are put back already.
func placeable(spec *specs.Spec, runs func() bool) error {
	if cgroupDriver(spec) == systemd && !runs() {
		return errors.New("the container's cgroup is systemd's (" + spec.Linux.CgroupsPath + "), which does not run on this host; " +
			"restore on a host with it, or into a container of the cgroupfs driver")
	}
	return nil
}
