package dockerd

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFolder(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	anonymous := filepath.Join(root, "volumes", "anon", "_data")
	bound, other := filepath.Join(root, "bound"), filepath.Join(root, "bound", "other")
	for _, dir := range []string{anonymous, other} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(bound, filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "containers", first)
	write(t, filepath.Join(dir, HostFile), `{}`)
	write(t, filepath.Join(dir, ConfigFile), `{"ID":"`+first+`","MountPoints":{
		"/data":{"Type":"volume","Name":"anon","Driver":"local","Source":""},
		"/named":{"Type":"volume","Name":"n","Driver":"local","Source":"`+bound+`"},
		"/bound":{"Type":"bind","Source":"`+root+`/link"},
		"/bound/inner":{"Type":"bind","Source":"`+other+`"},
		"/memory":{"Type":"tmpfs"},
		"/gone":{"Type":"bind","Source":"`+root+`/gone"},
		"/driver":{"Type":"volume","Name":"anon","Driver":"nfs"},
		"/part":{"Type":"volume","Name":"anon","Driver":"local","Spec":{"VolumeOptions":{"Subpath":"x"}}}}}`)
	c, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	for inside, want := range map[string]string{
		"/data": anonymous, "/data/": anonymous, "/data/pg/17": anonymous + "/pg/17", "/database": "", "/": "",
		"/named": bound, "/bound": bound, "/bound/x": bound + "/x", "/bound/inner/y": other + "/y", "/bound/innermost": bound + "/innermost",
		"/memory": "", "/gone": "", "/driver": "", "/part": "",
	} {
		if got := c.Folder(inside); got != want {
			t.Errorf("%s: %q, want %q", inside, got, want)
		}
	}
}
