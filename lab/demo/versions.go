package demo

import (
	"context"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Versions are those of the real parts that the demo ran on.
type Versions struct {
	Kernel     string `json:"kernel"`
	CPUs       int    `json:"cpus"`
	Containerd string `json:"containerd"`
	Runc       string `json:"runc"`
	CRIU       string `json:"criu"`
}

func (s *stage) versions(ctx context.Context) Versions {
	v := Versions{CPUs: runtime.NumCPU()}
	var uts unix.Utsname
	if err := unix.Uname(&uts); err == nil {
		v.Kernel = unix.ByteSliceToString(uts.Release[:])
	}
	v.Containerd = s.version(ctx, "containerd", 2)
	v.Runc = s.version(ctx, "runc", 2)
	v.CRIU = s.version(ctx, "criu", 1)
	return v
}

// version is a word of what a program says of itself, "" when it says nothing.
func (s *stage) version(ctx context.Context, program string, word int) string {
	out, err := exec.CommandContext(ctx, s.lab.Path(program), "--version").Output()
	fields := strings.Fields(string(out))
	if err != nil || len(fields) <= word {
		return ""
	}
	return strings.TrimPrefix(fields[word], "v")
}

func (s *stage) introduce(v Versions) {
	s.say.Say("A private containerd %s with lull's shim in the stock one's place, runc %s and CRIU %s, on Linux %s with %d CPUs.",
		v.Containerd, v.Runc, v.CRIU, v.Kernel, v.CPUs)
}
