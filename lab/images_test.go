package lab

import "testing"

func TestHubLeavesImagesOut(t *testing.T) {
	has := func(name string) bool {
		for _, p := range Parts(Host{}) {
			if p.Name == name {
				return true
			}
		}
		return false
	}
	t.Setenv("LAB_IMAGES", "hub")
	if _, err := keys(Parts(Host{})); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"postgres-13": false, "rootfs-postgres-13": false, "postgres-17": false,
		"rootfs-postgres-17": true, "pgclient": true, "busybox-lab": true, // the client comes from one; the other has no official twin
	} {
		if has(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func TestPackageVersion(t *testing.T) {
	const status = "Package: a\nVersion: 1\n\nPackage: b\nStatus: install ok installed\nVersion: 13.16-0+deb11u1\nDescription: x\n more\n"
	if got := packageVersion(status, "b"); got != "13.16-0+deb11u1" {
		t.Errorf("got %q", got)
	}
	if got := packageVersion(status, "c"); got != "" {
		t.Errorf("got %q", got)
	}
}
