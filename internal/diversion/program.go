package diversion

import (
	"bytes"
	"debug/buildinfo"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/durable"
)

// The programs, by their file names.
const (
	Command   = "lull"
	Agent     = "lull-agent"
	LullShim  = "containerd-shim-lull-v2"
	StockShim = "containerd-shim-runc-v2" // the front takes its name

	// Kept is the suffix of the stock shim that was put aside.
	Kept = ".stock"
	old  = ".lull-old" // of what an installation under way replaced
	next = ".lull-new" // of a program that is not complete yet, behind a dot; a number follows
)

// beside are the programs that lie side by side. The shims and the command start
// the agent, and the shims the command: first in, last out.
func beside() []string { return []string{Agent, LullShim, Command} }

// frontOf is where the front is kept for the next installation. It must not lie
// beside the others: a containerd would find it there.
func frontOf(bin string) string {
	return filepath.Join(filepath.Dir(bin), "libexec", "lull", StockShim)
}

const module = "github.com/lull-containers/lull/"

// Ours tells by what the linker wrote into a program, without running it.
func Ours(path string) bool {
	info, err := buildinfo.ReadFile(path)
	return err == nil && strings.HasPrefix(info.Path, module)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// same tells whether two files have the same contents.
func same(a, b string) bool {
	x, errX := os.ReadFile(a)
	y, errY := os.ReadFile(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// place puts a copy of a program at path by one rename.
func place(program, path string) (err error) {
	to, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+next)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, cleanup.IgnoreAbsent(os.Remove(to.Name())))
		}
	}()
	// Closed before it has its name: the kernel starts no program that
	// somebody may still write to.
	if err := errors.Join(fill(to, program), to.Close()); err != nil {
		return err
	}
	return rename(to.Name(), path)
}

func fill(to *os.File, program string) error {
	from, err := os.Open(program)
	if err != nil {
		return err
	}
	defer from.Close()
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	return errors.Join(to.Chmod(0o755), to.Sync())
}

// rename is durable.
func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(to))
}

// keep links what stands at path to aside, in the place of what an interrupted
// installation may have left there.
func keep(path, aside string) error {
	if err := cleanup.IgnoreAbsent(os.Remove(aside)); err != nil {
		return err
	}
	if err := os.Link(path, aside); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(aside))
}

func remove(path string) error {
	if err := os.Remove(path); err != nil {
		return cleanup.IgnoreAbsent(err)
	}
	return durable.SyncDir(filepath.Dir(path))
}

// removeProgram removes the front's folder, too, where nothing else lives in it.
func removeProgram(path string) error {
	err := remove(path)
	if filepath.Base(path) == StockShim {
		_ = os.Remove(filepath.Dir(path)) // the script of the hooks may live there
	}
	return err
}
