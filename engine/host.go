package engine

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/manifest"
)

// hostOf describes what the processes were dumped on. Facts that cannot be
// read are empty and not compared.
func hostOf(pid int, c *Container) manifest.Host {
	tools := c.Tools()
	return manifest.Host{
		Name:    hostName(),
		CRIU:    tools.CRIU,
		Runc:    tools.Runc,
		Arch:    runtime.GOARCH,
		Kernel:  kernel(),
		CPU:     cpuFlags(),
		LSM:     profile(pid),
		Seccomp: c.Spec.Linux != nil && c.Spec.Linux.Seccomp != nil,
		UserNS:  c.Spec.Linux != nil && len(c.Spec.Linux.UIDMappings) > 0,
		Cgroup:  cgroupVersion(),

		CgroupDriver: cgroupDriver(c.Spec),
	}
}

func hostName() string {
	name, _ := os.Hostname() // for people only
	return name
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// cpuFlags are the processor's features; a process may have chosen its code
// by them when it started.
func cpuFlags() []string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return nil
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		switch strings.TrimSpace(key) {
		case "flags", "Features":
			return strings.Fields(value)
		}
	}
	return nil
}

// profile is the security module's label of a process.
func profile(pid int) string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/attr/current", pid))
	if err != nil {
		return ""
	}
	return strings.Trim(string(data), "\x00\n")
}

// fits refuses a host that lacks what the processes may use.
func fits(was manifest.Host, tools Tools) error {
	if err := newEnough(was.CRIU, tools.CRIU); err != nil {
		return err
	}
	if was.Arch != runtime.GOARCH {
		return fmt.Errorf("the checkpoint is of a %s machine, this is %s; restore it on %s", was.Arch, runtime.GOARCH, was.Arch)
	}
	if err := sameLSM(was.LSM, present); err != nil {
		return err
	}
	have := cpuFlags()
	if len(have) == 0 {
		return nil
	}
	lacking := slices.DeleteFunc(slices.Clone(was.CPU), func(f string) bool {
		return volatile(f) || slices.Contains(have, f)
	})
	if len(lacking) > 0 {
		return fmt.Errorf("this processor lacks %s, which the checkpointed processes may use; restore on a machine that has it", strings.Join(lacking, " "))
	}
	return nil
}

// volatile flags say something about the kernel or the hypervisor, not about
// what code may run.
func volatile(flag string) bool {
	return slices.Contains([]string{"hypervisor", "nopl", "rep_good", "cpuid", "tsc_known_freq", "constant_tsc",
		"nonstop_tsc", "arch_perfmon", "xtopology", "cpuid_fault", "pti", "ibrs", "ibpb", "stibp", "ssbd", "md_clear",
		"flush_l1d", "arch_capabilities", "ibrs_enhanced"}, flag)
}

// newEnough refuses a CRIU that is older than the one that dumped: images are
// readable by newer ones only.
func newEnough(was, is string) error {
	dumped, have := versionOf(was), versionOf(is)
	unknown := criu.Version{}
	if dumped == unknown || have == unknown || !have.Less(dumped) {
		return nil
	}
	return fmt.Errorf("the checkpoint was made with CRIU %s, this host has %s; install %s or newer", was, is, was)
}

// versionOf is the zero version where none is known.
func versionOf(text string) criu.Version {
	v, err := criu.ParseVersion(text)
	if err != nil {
		return criu.Version{}
	}
	return v
}
