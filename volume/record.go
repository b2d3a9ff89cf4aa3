package volume

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ListSchema names the format of an encoded list and its version.
const ListSchema = "lull.list/1"

// header is the first line of an encoded list.
type header struct {
	Schema     string `json:"schema"`
	Root       string `json:"root"`
	FileSystem string `json:"file_system"`
	Taken      int64  `json:"taken"`
	Witness    string `json:"witness,omitempty"`
	Cross      bool   `json:"cross_mounts,omitempty"`
	Entries    int    `json:"entries"`
	Content    string `json:"content,omitempty"`
}

// record is one further line.
type record struct {
	Path   string            `json:"path"`
	Type   Type              `json:"type"`
	Mode   string            `json:"mode"` // octal
	UID    uint32            `json:"uid"`
	GID    uint32            `json:"gid"`
	Size   int64             `json:"size,omitempty"`
	Nlink  uint32            `json:"nlink"`
	Mtime  int64             `json:"mtime"`
	Ctime  int64             `json:"ctime"`
	Inode  uint64            `json:"inode"`
	Device uint64            `json:"device"`
	Rdev   uint64            `json:"rdev,omitempty"`
	Target string            `json:"target,omitempty"`
	Xattrs map[string][]byte `json:"xattrs,omitempty"`
	SHA256 string            `json:"sha256,omitempty"`
	Mount  bool              `json:"mount,omitempty"`
}

func toRecord(e *Entry) record {
	r := record{Path: safe(e.Path), Type: e.Type, Mode: fmt.Sprintf("%04o", e.Mode),
		UID: e.UID, GID: e.GID, Size: e.Size, Nlink: e.Nlink, Mtime: e.Mtime, Ctime: e.Ctime,
		Inode: e.Inode, Device: e.Device, Rdev: e.Rdev, Target: safe(e.Target), Mount: e.Mount}
	if e.SHA256 != (Digest{}) {
		r.SHA256 = hex.EncodeToString(e.SHA256[:])
	}
	for key, v := range e.Xattrs {
		if r.Xattrs == nil {
			r.Xattrs = map[string][]byte{}
		}
		r.Xattrs[safe(key)] = v
	}
	return r
}

func (r *record) entry() (Entry, error) {
	e := Entry{Type: r.Type, UID: r.UID, GID: r.GID, Size: r.Size, Nlink: r.Nlink, Mtime: r.Mtime,
		Ctime: r.Ctime, Inode: r.Inode, Device: r.Device, Rdev: r.Rdev, Mount: r.Mount}
	var errs [4]error
	e.Path, errs[0] = raw(r.Path)
	e.Target, errs[1] = raw(r.Target)
	e.SHA256, errs[2] = parseDigest(r.SHA256)
	e.Xattrs, errs[3] = parseXattrs(r.Xattrs)
	mode, err := strconv.ParseUint(r.Mode, 8, 16)
	e.Mode = uint32(mode)
	if err := errors.Join(err, errors.Join(errs[:]...)); err != nil {
		return Entry{}, err
	}
	return e, e.validate()
}

func (e *Entry) validate() error {
	switch e.Type {
	case Folder, Regular, Symlink, Pipe, Socket, Char, Block:
	default:
		return fmt.Errorf("type %q is unknown", e.Type)
	}
	if !clean(e.Path) || e.Mode > modeBits || e.Size < 0 {
		return fmt.Errorf("path %q, mode or size is not possible", e.Path)
	}
	if (e.Type == Symlink) != (e.Target != "") || strings.Contains(e.Target, "\x00") {
		return fmt.Errorf("%q: only a symlink has a target", e.Path)
	}
	if e.SHA256 != (Digest{}) && e.Type != Regular {
		return fmt.Errorf("%q: only a regular file has contents", e.Path)
	}
	return nil
}

// clean: relative, within the root, in its one spelling.
func clean(path string) bool {
	if path == "." {
		return true
	}
	for _, part := range strings.Split(path, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return !strings.Contains(path, "\x00")
}

func parseXattrs(in map[string][]byte) (map[string][]byte, error) {
	if len(in) == 0 {
		return nil, nil
	}
	attrs := make(map[string][]byte, len(in))
	for key, v := range in {
		name, err := raw(key)
		if err != nil {
			return nil, err
		}
		attrs[name] = v
	}
	return attrs, nil
}

func parseDigest(s string) (Digest, error) {
	b, err := hex.DecodeString(s)
	if err != nil || s != "" && len(b) != len(Digest{}) {
		return Digest{}, errors.New("sha256 is not 64 hexadecimal digits")
	}
	var d Digest
	copy(d[:], b)
	return d, nil
}

const encoded = "base64:"

// safe makes any bytes fit into JSON: as they are when they are UTF-8, in
// base64 behind a prefix when not, or when they begin like the prefix.
func safe(s string) string {
	if utf8.ValidString(s) && !strings.HasPrefix(s, encoded) {
		return s
	}
	return encoded + base64.StdEncoding.EncodeToString([]byte(s))
}

// raw undoes safe and accepts nothing that safe would not write.
func raw(s string) (string, error) {
	code, is := strings.CutPrefix(s, encoded)
	if !is {
		return s, nil
	}
	b, err := base64.StdEncoding.Strict().DecodeString(code)
	if err != nil || safe(string(b)) != s {
		return "", fmt.Errorf("%q is not spelled as it should be", s)
	}
	return string(b), nil
}
