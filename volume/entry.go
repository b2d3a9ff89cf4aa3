package volume

// Type is the kind of a directory entry.
type Type string

// The types.
const (
	Folder  Type = "dir"
	Regular Type = "file"
	Symlink Type = "symlink"
	Pipe    Type = "pipe"   // noted, not hashed
	Socket  Type = "socket" // noted, not hashed, never drift
	Char    Type = "char"
	Block   Type = "block"
)

// Digest is a sha256. The zero value means that the contents were not read.
type Digest [32]byte

// Entry is one file as lstat saw it.
type Entry struct {
	Path   string // relative to the root, raw bytes; "." is the root itself
	Type   Type
	Mode   uint32 // permission bits with setuid, setgid, sticky
	UID    uint32
	GID    uint32
	Size   int64 // of regular files and symlinks; 0 otherwise
	Nlink  uint32
	Mtime  int64 // nanoseconds since 1970
	Ctime  int64 // nanoseconds since 1970
	Inode  uint64
	Device uint64
	Rdev   uint64            // of char and block
	Target string            // of symlinks, raw bytes
	Xattrs map[string][]byte // ACLs included
	SHA256 Digest            // of regular files, once their contents were read
	Mount  bool              // a mount point that was not entered
}
