package engines

import (
	"os"
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// What only some machines have: where it is missing, the matrix says so.
func TestConfined(t *testing.T) {
	for name, host := range map[string]struct {
		lacks func() string // why it cannot be run here; "": it can
		flags []string
	}{
		"AppArmor": {noAppArmor, []string{"--apparmor-default-profile", "lull-e2e"}},
		"SELinux":  {noSELinux, nil},
		"systemd":  {noSystemd, []string{"--runc-systemd-cgroup", "--cgroup", "machine.slice:lull:" + harness.Name(t, "e2e")}},
	} {
		t.Run(name, func(t *testing.T) {
			cell := harness.FillCell(t, "containerd with "+name, "2.4", "redis 8.0", "leave running")
			if why := host.lacks(); why != "" {
				cell.Skip(t, "%s", why)
			}
			newRun(t, harness.Start(t, harness.Options{}), "redis 8.0", host.flags...).there(t, ways["leave running"])
		})
	}
}

func noAppArmor() string {
	if on, err := os.ReadFile("/sys/module/apparmor/parameters/enabled"); err != nil || !strings.HasPrefix(string(on), "Y") {
		return "this kernel has no AppArmor"
	}
	return ""
}

func noSELinux() string {
	if _, err := os.Stat("/sys/fs/selinux/enforce"); err != nil {
		return "this kernel has no SELinux"
	}
	return "ctr gives its containers no label of SELinux's"
}

func noSystemd() string {
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		return "systemd does not run on this machine"
	}
	return ""
}
