package lab

import (
	"strings"
	"testing"
)

// Each containerd gets the configuration that it reads.
func TestConfigOfVersions(t *testing.T) {
	for version, want := range map[string][]string{
		"1.7.24": {"version = 2\n", "[grpc]\n  address = \"/run/x/"},
		"2.1.9":  {"version = 3\n", "[grpc]\n"},
		"2.4.2":  {"version = 4\n", "[plugins.'io.containerd.server.v1.grpc']"},
	} {
		d := &Daemon{Version: version, Address: "/run/x/containerd.sock"}
		for _, w := range want {
			if !strings.Contains(d.configText(), w) {
				t.Errorf("%s: no %q in\n%s", version, w, d.configText())
			}
		}
	}
}
