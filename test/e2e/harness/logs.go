package harness

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
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
		for _, file := range d.criuLogs() {
			show(t, file, 0)
		}
	})
}

// logsOnFailure shows the container's own output.
func (c *Container) logsOnFailure(t testing.TB) {
	t.Cleanup(func() {
		if t.Failed() {
			show(t, c.Log, 0)
		}
	})
}

// criuLogs are in bundles, in work folders and in checkpoints under way.
func (d *Daemon) criuLogs() []string {
	var found []string
	for _, root := range []string{d.State, filepath.Join(d.Root, "io.containerd.runtime.v2.task"), d.Temp(), d.LullDir()} {
		_ = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return nil // it went away meanwhile
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
