package volume

import (
	"os"

	"golang.org/x/sys/unix"
)

// canClone tries, on the first file that has contents, whether files of src
// can be cloned into dst. It leaves nothing behind.
func canClone(src, dst *os.File, entries []Entry) bool {
	for i := range entries {
		e := &entries[i]
		if e.Type != Regular || e.Size == 0 || e.Mount {
			continue
		}
		in, err := openQuiet(src, e.Path, 0)
		if err != nil {
			return false
		}
		defer in.Close()
		out, err := openBeneath(dst, ".", unix.O_TMPFILE|unix.O_WRONLY, 0o600)
		if err != nil {
			return false
		}
		defer out.Close()
		return cloneFile(out, in)
	}
	return true
}

// cloneFile shares in's blocks with out. Where it cannot it leaves out empty.
func cloneFile(out, in *os.File) bool {
	return unix.IoctlFileClone(int(out.Fd()), int(in.Fd())) == nil
}
