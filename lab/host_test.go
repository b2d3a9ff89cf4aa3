package lab

import "testing"

func TestVersionOrder(t *testing.T) {
	for _, c := range []struct {
		a, b string
		less bool
	}{
		{"4.1.1", "4.2", true},
		{"4.2", "4.2.0", false},
		{"4.2.1-1", "4.2", false},
		{"3.17.1-2+deb12u2", "3.19", true},
		{"1:4.2", "4.2", false},
		{"6.9.0-rc1", "6.16", true},
		{"6.18.44-amd64", "6.16", false},
		{"(none)", "4.2", true},
		{"10.0", "9.9", false},
	} {
		if got := parseVersion(c.a).less(parseVersion(c.b)); got != c.less {
			t.Errorf("%s < %s: got %v", c.a, c.b, got)
		}
	}
}

func TestRejectCRIU(t *testing.T) {
	host := func(kernel, criu string, works bool) Host {
		return Host{Kernel: parseVersion(kernel), CRIU: "/usr/sbin/criu", CRIUVersion: parseVersion(criu), CRIUWorks: works}
	}
	for name, c := range map[string]struct {
		host     Host
		rejected bool
	}{
		"new kernel, old CRIU":  {host("6.16.1", "4.1.1", true), true},
		"new kernel, new CRIU":  {host("6.18", "4.2", true), false},
		"old kernel, old CRIU":  {host("6.1", "3.19", true), false},
		"no action scripts":     {host("6.1", "3.17.1", true), true},
		"check fails":           {host("6.18", "4.3", false), true},
		"none":                  {Host{Kernel: parseVersion("6.1")}, true},
		"version not readable":  {host("6.1", "git", true), true},
		"kernel just below one": {host("6.15.9", "4.0", true), false},
	} {
		if got := c.host.rejectCRIU(); (got != "") != c.rejected {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestCRIUPartFollowsHost(t *testing.T) {
	own := Host{Kernel: version{6, 18}, SysResource: true, CRIU: "/usr/sbin/criu", CRIUVersion: version{4, 3}, CRIUWorks: true}
	if p := criuPart(own); p.Version != "host-4.3" || p.Recipe.(criuRecipe).Preload != "" {
		t.Errorf("host's own: %s %+v", p.Version, p.Recipe)
	}
	bare := Host{Kernel: version{6, 18}}
	if p := criuPart(bare); p.Version != "debian" || p.Recipe.(criuRecipe).Preload == "" || p.Recipe.(criuRecipe).Host != "" {
		t.Errorf("unpacked: %s %+v", p.Version, p.Recipe)
	}
}

func TestHasCapability(t *testing.T) {
	if hasSysResource("CapEff:\t000001ffffffffff\nCapBnd:\t000001fffeffffff\n") {
		t.Error("the missing bit is seen as set")
	}
	if !hasSysResource("CapBnd:\t000001ffffffffff\n") {
		t.Error("the bit is not seen")
	}
	if hasSysResource("") {
		t.Error("seen in nothing")
	}
}

func TestCRIUVersion(t *testing.T) {
	if got := criuVersion("Version: 4.2.1\nGitID: v4.2\n").String(); got != "4.2.1" {
		t.Errorf("got %q", got)
	}
}
