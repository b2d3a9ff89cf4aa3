package hooks

import (
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

func TestAlone(t *testing.T) {
	for name, tt := range map[string]struct {
		namespaces []specs.LinuxNamespace
		want       bool
	}{
		"its own":     {[]specs.LinuxNamespace{{Type: specs.MountNamespace}, {Type: specs.PIDNamespace}}, true},
		"the host's":  {[]specs.LinuxNamespace{{Type: specs.MountNamespace}}, false},
		"another one": {[]specs.LinuxNamespace{{Type: specs.PIDNamespace, Path: "/proc/7/ns/pid"}}, false},
	} {
		if err := alone(&specs.Spec{Linux: &specs.Linux{Namespaces: tt.namespaces}}); (err == nil) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if alone(&specs.Spec{}) == nil {
		t.Error("no namespaces at all")
	}
}
