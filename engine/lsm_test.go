package engine

import (
	"strings"
	"testing"
)

func TestSameLSM(t *testing.T) {
	here := func(modules ...string) func(string) bool {
		return func(m string) bool { return strings.Contains(strings.Join(modules, " "), m) }
	}
	tests := map[string]struct {
		label   string
		here    func(string) bool
		refused string
	}{
		"none":                       {"", here(), ""},
		"unconfined":                 {"unconfined", here(), ""},
		"AppArmor":                   {"docker-default (enforce)", here(appArmor), ""},
		"AppArmor on a host without": {"docker-default (enforce)", here(selinux), "AppArmor"},
		"SELinux":                    {"system_u:system_r:container_t:s0:c1,c2", here(selinux), ""},
		"SELinux on a host without":  {"system_u:system_r:container_t:s0:c1,c2", here(), "SELinux"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := sameLSM(tt.label, tt.here)
			if (err != nil) != (tt.refused != "") || err != nil && !strings.Contains(err.Error(), tt.refused) {
				t.Errorf("%v", err)
			}
		})
	}
}
