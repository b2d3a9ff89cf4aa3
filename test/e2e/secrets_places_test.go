package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lull-containers/lull/agent"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// theirByNature are the files that have the container's environment, and the
// password in it, whether lull is there or not: the container's record in
// containerd, its bundle's spec, the spec in a checkpoint that ctr made, and
// the memory of the database in CRIU's images, as files and in containerd's
// store. Paths are relative to the daemon's folders.
var theirByNature = []string{
	"root/io.containerd.metadata.v1.bolt/meta.db",
	"state/io.containerd.runtime.v2.task/*/*/config.json",
	"root/io.containerd.content.v1.content/blobs/sha256/*",
	"tmp/ctrd-checkpoint*/pages-*.img",
}

// search reads files.
type search struct {
	d     *harness.Daemon
	files int
	met   map[string]bool // of theirByNature
}

// search reads every file of the daemon's: its log, which has the shims' lines,
// lull's state, CRIU's configuration and logs, captures, temporary files.
func (s *search) search(t *testing.T) {
	t.Helper()
	for _, root := range []string{s.d.Dir, s.d.Data} {
		_ = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return nil //nolint:nilerr // it went away meanwhile
			}
			s.files++
			relative, _ := filepath.Rel(root, path)
			text, _ := os.ReadFile(path)
			place := allowed(relative)
			switch {
			case !bytes.Contains(text, []byte(harness.Canary)):
			case place == "":
				t.Errorf("%s has the password", path)
			default:
				s.met[place] = true
			}
			return nil
		})
	}
}

// judge sees that the search met something, and that the list has no place too
// many.
func (s *search) judge(t *testing.T) {
	t.Helper()
	if log, err := os.Stat(s.d.Log); err != nil || log.Size() == 0 || s.files < 1000 {
		t.Errorf("the search met %d files, and the daemon's log %v: it proves nothing", s.files, err)
	}
	for _, place := range theirByNature {
		if !s.met[place] {
			t.Errorf("no file of %s has the password: take it off the list", place)
		}
	}
}

// allowed is the place in the list that path is at, or "".
func allowed(path string) string {
	for _, pattern := range theirByNature {
		if ok, _ := filepath.Match(pattern, path); ok {
			return pattern
		}
	}
	return ""
}

// sampler looks at the arguments and environments of lull's own processes, and
// at the arguments of what they start, all the time.
type sampler struct {
	d    *harness.Daemon
	stop chan struct{}
	done sync.WaitGroup
	seen map[string]int // samples by program; read after done
	told map[string]bool
}

func sample(t *testing.T, d *harness.Daemon) *sampler {
	s := &sampler{d: d, stop: make(chan struct{}), seen: map[string]int{}, told: map[string]bool{}}
	s.done.Go(func() {
		for {
			select {
			case <-s.stop:
				return
			case <-time.After(2 * time.Millisecond):
				s.look()
			}
		}
	})
	t.Cleanup(func() { s.end() })
	return s
}

func (s *sampler) end() {
	select {
	case <-s.stop:
	default:
		close(s.stop)
	}
	s.done.Wait()
}

func (s *sampler) look() {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		exe, _ := os.Readlink(dir + "/exe") // empty for one that has ended
		program := filepath.Base(exe)
		switch {
		case filepath.Dir(exe) == s.d.Bin():
			s.read(program, dir+"/cmdline", "")
			s.read(program, dir+"/environ", "")
		case program == "runc" || program == "ctr" || program == "containerd":
			s.read(program, dir+"/cmdline", s.d.Name) // the machine may run others
		}
	}
}

// read looks at a file that has a word in it, and keeps the name of the
// program, so that a failure says more than where.
func (s *sampler) read(program, path, word string) {
	text, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(text, []byte(word)) {
		return
	}
	s.seen[program]++
	if bytes.Contains(text, []byte(harness.Canary)) {
		pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
		s.told[fmt.Sprintf("%s of %s (pid %d)", filepath.Base(path), program, pid)] = true
	}
}

func (s *sampler) judge(t *testing.T) {
	t.Helper()
	s.end()
	t.Logf("samples: %v", s.seen)
	for what := range s.told {
		t.Errorf("the password is in %s", what)
	}
	for _, program := range []string{agent.Program, "lull", lullShim, "runc", "ctr"} {
		if s.seen[program] == 0 {
			t.Errorf("no %s was ever seen: the samples prove nothing", program)
		}
	}
}
