package volume

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"

	"github.com/lull-containers/lull/manifest"
)

// List is a fingerprint: one entry per file, sorted by path, the root first
// as ".".
type List struct {
	Header  Header
	Entries []Entry
}

// Header says where and when a list was made.
type Header struct {
	Root       string // the folder on the host
	FileSystem string // ext4, xfs, …
	// Taken is the time, in nanoseconds since 1970 by the clock that stamps
	// files, before which every ctime of the list is final.
	Taken int64
	// Witness names the boot, mounts and disks for which times prove that a
	// file was not touched. Empty: they prove nothing, contents decide.
	Witness string
	// CrossMounts says that mount points below the root were entered.
	CrossMounts bool
}

// ListName is the flat file name of volume n's list, beside the manifest.
func ListName(n int) string { return fmt.Sprintf("lull-volume-%d.list", n) }

// Counts gives the number of entries, and the bytes of all regular files.
func (l *List) Counts() (files, bytes int64) {
	for i := range l.Entries {
		if l.Entries[i].Type == Regular {
			bytes += l.Entries[i].Size
		}
	}
	return int64(len(l.Entries)), bytes
}

// Complete reports whether the contents of every regular file are known.
func (l *List) Complete() bool {
	for i := range l.Entries {
		if l.Entries[i].unread() {
			return false
		}
	}
	return true
}

func (e *Entry) unread() bool {
	return e.Type == Regular && !e.Mount && e.SHA256 == Digest{}
}

// Content is the sha256, in hexadecimal, over the paths, types, modes, owners,
// sizes and contents of all files: equal for equal volumes wherever they are.
// Times, inodes and sockets are not in it. It is empty for a list whose
// contents were not read.
func (l *List) Content() string {
	if !l.Complete() {
		return ""
	}
	h := sha256.New()
	for i := range l.Entries {
		if l.Entries[i].Type != Socket {
			l.Entries[i].content(h)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// content writes one entry; no field can hold the zero byte that ends each.
func (e *Entry) content(h hash.Hash) {
	h.Write(fmt.Appendf(nil, "%s\x00%s\x00%o\x00%d\x00%d\x00%d\x00%s\x00",
		e.Path, e.Type, e.Mode, e.UID, e.GID, e.Size, e.value()))
}

// value is what an entry holds: contents, target, device number.
func (e *Entry) value() string {
	switch {
	case e.Mount:
		return "mount"
	case e.Type == Regular:
		return hex.EncodeToString(e.SHA256[:])
	case e.Type == Symlink:
		return e.Target
	case e.Type == Char || e.Type == Block:
		return fmt.Sprintf("%d", e.Rdev)
	}
	return ""
}

// Summary is what the manifest records of a list that is stored as name.
func (l *List) Summary(name string) manifest.Fingerprint {
	files, bytes := l.Counts()
	return manifest.Fingerprint{List: name, Content: l.Content(), Files: files, Bytes: bytes}
}
