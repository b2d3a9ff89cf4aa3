package harness

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shownBytes of each log go into a failed test's output: the end of it.
const shownBytes = 16 << 10

// logsOnFailure shows containerd's log, which has the shims' lines too, and
// every log of CRIU and runc that is still there.
func (d *Daemon) logsOnFailure(t testing.TB) {
	since := size(d.Log)
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		show(t, d.Log, since)
		showAll(t, d.logs())
	})
}

// logsOnFailure shows the container's own output, and what CRIU and runc said
// of it, before the container is removed with them.
func (c *Container) logsOnFailure(t testing.TB) {
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		show(t, c.Log, 0)
		others := func(path string) bool { return !strings.Contains(path, "/"+c.ID+"/") }
		showAll(t, slices.DeleteFunc(c.Daemon.logs(), others))
	})
}

func showAll(t testing.TB, files []string) {
	for _, f := range files {
		show(t, f, 0)
	}
}

// logs are in bundles, in work folders, in checkpoints under way and with
// lull's state.
func (d *Daemon) logs() []string {
	var found []string
	for _, root := range []string{d.State, filepath.Join(d.Root, "io.containerd.runtime.v2.task"), d.Temp(), d.LullDir()} {
		_ = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return nil //nolint:nilerr // it went away meanwhile
			}
			if e.IsDir() && e.Name() == "rootfs" {
				return fs.SkipDir
			}
			if isLog(e.Name()) {
				found = append(found, path)
			}
			return nil
		})
	}
	return found
}

func isLog(name string) bool {
	return strings.HasSuffix(name, ".log") || name == "log.json" || name == "state.json"
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// show prints the end of a file, from an offset on. A password in it is a
// failure of its own.
func show(t testing.TB, path string, from int64) {
	text, err := os.ReadFile(path)
	if err != nil || int64(len(text)) <= from {
		return
	}
	text = text[max(from, int64(len(text)-shownBytes)):]
	if bytes.Contains(text, []byte(Canary)) {
		t.Errorf("%s has the password", path)
		text = bytes.ReplaceAll(text, []byte(Canary), []byte("(password)"))
	}
	t.Logf("%s:\n%s", path, text)
}
