package hooks

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/criu"
)

// A file with somebody's own lines is theirs, though lull's are in it.
func TestAMergedFileIsForeign(t *testing.T) {
	i := installation(t)
	for _, dir := range []string{i.CRIUConfig, i.Script, i.OCIHooks} {
		if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	kept := i
	kept.Connections, kept.Script = criu.Keep, "/elsewhere"
	for _, tt := range []struct {
		path, text string
		want       State
	}{
		{i.CRIUConfig, kept.criuConfig(), Outdated},
		{i.CRIUConfig, "log-file dump.log\n" + i.criuConfig(), Foreign},
		{i.CRIUConfig, i.criuConfig() + "log-file dump.log\n", Foreign},
		{i.Script, kept.script() + "\n", Outdated},
		{i.Script, "#!/bin/sh\nnotify\n" + i.script(), Foreign},
		{i.OCIHooks, `{"hook":{"env":["WRITTEN_BY=lull hooks install"]}}`, Outdated},
		{i.OCIHooks, `{"hook":{"args":["after lull hooks install"]}}`, Foreign},
	} {
		if err := os.WriteFile(tt.path, []byte(tt.text), 0o644); err != nil {
			t.Fatal(err)
		}
		files, err := i.Files()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if f.Path == tt.path && f.State != tt.want {
				t.Errorf("%s: %s\n%s", f.State, tt.path, tt.text)
			}
		}
	}
}
