package hooks

import (
	"strings"
	"testing"
)

func TestParseCaller(t *testing.T) {
	tests := map[string]struct {
		line, verb, id, root string
		leaves, err          bool
	}{
		"runc":    {"runc --root /run/r checkpoint --image-path /i --leave-running db", "checkpoint", "db", "/run/r", true, false},
		"stop":    {"runc --root=/run/r --log /l checkpoint --image-path /i --work-path /w db", "checkpoint", "db", "/run/r", false, false},
		"podman":  {"/usr/bin/crun --systemd-cgroup restore --bundle /b --image-path /i --tcp-established 4f2a", "restore", "4f2a", "", false, false},
		"by hand": {"criu dump -t 1", "", "", "", false, true},
		"no id":   {"runc checkpoint", "", "", "", false, true},
		"nothing": {"", "", "", "", false, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := parseCaller(strings.Split(tt.line, " "))
			if (err != nil) != tt.err {
				t.Fatal(err)
			}
			if err != nil {
				return
			}
			if c.verb != tt.verb || c.id() != tt.id || value(c.global, "root") != tt.root || c.leavesRunning() != tt.leaves {
				t.Errorf("%+v", c)
			}
		})
	}
}
