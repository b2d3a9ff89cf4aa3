package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Host is what the machine has, as far as it decides which parts are built.
type Host struct {
	Kernel      version
	SysResource bool   // CAP_SYS_RESOURCE is in the bounding set
	CRIU        string // path of the machine's own CRIU, "" for none
	CRIUVersion version
	CRIUWorks   bool // `criu check` succeeds
}

func probeHost(ctx context.Context) (Host, error) {
	var h Host
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return h, fmt.Errorf("uname: %w", err)
	}
	h.Kernel = parseVersion(unix.ByteSliceToString(uts.Release[:]))
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return h, err
	}
	h.SysResource = hasSysResource(string(status))
	h.probeCRIU(ctx)
	return h, nil
}

// probeCRIU asks the machine's own CRIU whether it works on this kernel.
func (h *Host) probeCRIU(ctx context.Context) {
	path, err := exec.LookPath("criu")
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return
	}
	h.CRIU, h.CRIUVersion = path, criuVersion(string(out))
	h.CRIUWorks = exec.CommandContext(ctx, path, "check").Run() == nil
}

// Remarks says aloud what is not ordinary about this machine.
func (h Host) Remarks() []string {
	var out []string
	if reason := h.rejectCRIU(); reason != "" && h.CRIU != "" {
		out = append(out, fmt.Sprintf("not using %s: %s", h.CRIU, reason))
	}
	if !h.SysResource {
		out = append(out, "CAP_SYS_RESOURCE is missing here: the lab's CRIU reads the resource limits of other users' processes from /proc (lab/preload/prlimit.c)")
	}
	return out
}

// rejectCRIU says why the machine's own CRIU will not do, or "".
func (h Host) rejectCRIU() string {
	need := criuFor(h.Kernel)
	switch {
	case h.CRIU == "":
		return "there is none"
	case h.CRIUVersion.less(need):
		return fmt.Sprintf("it is %s, and kernel %s needs %s", h.CRIUVersion, h.Kernel, need)
	case !h.CRIUWorks:
		return "`criu check` fails"
	}
	return ""
}

// criuFor is the oldest CRIU that serves a kernel. From 6.16 on, older ones
// cannot dump a process with a TCP socket; below 3.19 there are no action
// scripts beside runc's RPC.
func criuFor(kernel version) version {
	if !kernel.less(version{6, 16}) {
		return version{4, 2}
	}
	return version{3, 19}
}

// criuVersion reads "Version: 4.2.1" from criu --version.
func criuVersion(text string) version {
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, "Version:"); ok {
			return parseVersion(strings.TrimSpace(v))
		}
	}
	return nil
}

// hasSysResource reads the bounding set from a /proc status file.
func hasSysResource(status string) bool {
	for line := range strings.Lines(status) {
		if set, ok := strings.CutPrefix(line, "CapBnd:"); ok {
			bits, err := strconv.ParseUint(strings.TrimSpace(set), 16, 64)
			return err == nil && bits&(1<<unix.CAP_SYS_RESOURCE) != 0
		}
	}
	return false
}
