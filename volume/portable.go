package volume

import (
	"fmt"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/cleanup"
)

// Portable says why a list that came from elsewhere is not made into files:
// devices, setuid and setgid files, capabilities, attributes of the kernel's
// own. No database has them in its data folder. Symlinks are kept as they are
// and never followed; a setgid folder only hands its group on.
func (l *List) Portable() error {
	for i := range l.Entries {
		e := &l.Entries[i]
		if why := e.foreignTo(); why != "" {
			return &PathError{Class: ErrList, Path: e.Path, Why: why, Remedy: "nothing was made of it"}
		}
	}
	return l.parents()
}

const setIDs = unix.S_ISUID | unix.S_ISGID

func (e *Entry) foreignTo() string {
	switch {
	case e.Type == Char || e.Type == Block:
		return "it is a device"
	case e.Type != Folder && e.Mode&setIDs != 0 || e.Mode&unix.S_ISUID != 0:
		return fmt.Sprintf("it has mode %04o", e.Mode)
	}
	for key := range e.Xattrs {
		if strings.HasPrefix(key, "trusted.") || key == "security.capability" {
			return "it has the attribute " + key
		}
	}
	return ""
}

// parents: what lies in a folder needs that folder, and nothing lies in a file.
func (l *List) parents() error {
	folders := map[string]bool{}
	for i := range l.Entries {
		e := &l.Entries[i]
		if up := path.Dir(e.Path); e.Path != "." && !folders[up] {
			return &PathError{Class: ErrList, Path: e.Path, Why: "it lies in no folder of the list"}
		}
		if e.Type == Folder && !e.Mount {
			folders[e.Path] = true
		}
	}
	if len(l.Entries) == 0 || l.Entries[0].Type != Folder {
		return fmt.Errorf("%w: it has no root", ErrList)
	}
	return nil
}

// holes writes zeros as holes.
type holes struct {
	out *os.File
	at  int64
}

const holeSize = 4 << 10

func (h *holes) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		part := p[:min(len(p), holeSize-int(h.at%holeSize))]
		if !zeros(part) {
			if err := writeAt(h.out, part, h.at); err != nil {
				return 0, err
			}
		}
		h.at, p = h.at+int64(len(part)), p[len(part):]
	}
	return n, nil
}

func zeros(p []byte) bool {
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}

// clear removes what an interrupted unpacking left, but for whole files and
// their folders: names, links and special files are made again.
func (u *unpacking) clear() error {
	known := map[string]*Entry{}
	for i := range u.entries {
		known[u.entries[i].Path] = &u.entries[i]
	}
	w := &walk{ctx: u.ctx}
	if err := w.tree(u.dst); err != nil {
		return err
	}
	for i := len(w.entries) - 1; i > 0; i-- { // what is deepest comes last
		now := &w.entries[i]
		was := known[now.Path]
		if was != nil && was.Type == now.Type && (now.Type == Folder || now.Type == Regular && now.Nlink == 1 && !was.Mount) {
			continue
		}
		if err := u.unlink(now); err != nil {
			return err
		}
	}
	return nil
}

func (u *unpacking) unlink(e *Entry) error {
	dir, name, err := u.parent(e)
	if err != nil {
		return err
	}
	defer dir.Close()
	flags := 0
	if e.Type == Folder {
		flags = unix.AT_REMOVEDIR
	}
	return cleanup.IgnoreAbsent(unix.Unlinkat(int(dir.Fd()), name, flags))
}
