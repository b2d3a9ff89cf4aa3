package engine

import (
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

func TestCgroupDriver(t *testing.T) {
	for path, want := range map[string]string{
		"":                                     "",
		"/default/pg":                          cgroupfs,
		"kubepods/burstable/pod1/c1":           cgroupfs,
		"/odd:but:cgroupfs":                    cgroupfs,
		"system.slice:cri-containerd:0123abcd": systemd,
		":runc:pg":                             systemd,
	} {
		spec := &specs.Spec{Linux: &specs.Linux{CgroupsPath: path}}
		if got := cgroupDriver(spec); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
		for _, runs := range []bool{true, false} {
			err := placeable(spec, func() bool { return runs })
			if (err != nil) != (want == systemd && !runs) {
				t.Errorf("%q, systemd runs %v: %v", path, runs, err)
			}
			if err != nil && !strings.Contains(err.Error(), path) {
				t.Errorf("it does not name %q: %v", path, err)
			}
		}
	}
	if got := cgroupDriver(&specs.Spec{}); got != "" {
		t.Errorf("without a Linux section: %q", got)
	}
}
