package volume

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// must ends the test when err is not nil.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tempDir is a temp folder under its real path.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	return dir
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, data, 0o644))
}

// noise gives n bytes that are different for every name.
func noise(name string, n int) []byte {
	r := rand.NewChaCha8(sha256.Sum256([]byte(name)))
	b := make([]byte, n)
	_, _ = r.Read(b)
	return b
}

func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: owners, devices and mounts")
	}
}

const oddName = "caf\xe9\nline two"

// awkward fills root with everything that is hard to copy.
func awkward(t testing.TB, root string) {
	t.Helper()
	needRoot(t)
	for i := range 20 {
		write(t, fmt.Sprintf("%s/base/%d/16384", root, i), noise(fmt.Sprint(i), 8192*(i%4)))
	}
	write(t, root+"/PG_VERSION", []byte("17\n"))
	write(t, root+"/empty", nil)
	must(t, os.MkdirAll(root+"/pg_stat_tmp/inner", 0o700))
	sparse(t, root+"/holes")
	write(t, root+"/links/one", []byte("three names"))
	must(t, os.Link(root+"/links/one", root+"/links/two"))
	must(t, os.Link(root+"/links/one", root+"/base/three"))
	must(t, os.Symlink("../elsewhere", root+"/relative"))
	must(t, os.Symlink("/etc/passwd", root+"/absolute"))
	must(t, os.Symlink("bytes \xff\xfe", root+"/dangling"))
	write(t, root+"/"+oddName, []byte("odd"))
	write(t, root+"/base64:looks encoded", []byte("odd"))
	write(t, root+"/"+strings.Repeat("n", 255), []byte("long"))
	write(t, root+"/-rf *", []byte("odd"))
	specials(t, root)
	metadataOddities(t, root)
}

func sparse(t testing.TB, path string) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	_, err = f.WriteAt([]byte("in the middle"), 40<<20)
	must(t, err)
	must(t, f.Truncate(64<<20))
	must(t, f.Close())
}

func specials(t testing.TB, root string) {
	t.Helper()
	must(t, unix.Mkfifo(root+"/pipe", 0o640))
	must(t, unix.Mknod(root+"/.s.PGSQL.5432", unix.S_IFSOCK|0o777, 0))
	if err := unix.Mknod(root+"/null", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))); err != nil {
		t.Logf("without a device node: %v", err)
	}
}

func metadataOddities(t testing.TB, root string) {
	t.Helper()
	for path, mode := range map[string]uint32{"PG_VERSION": 0o600, "empty": 0o4755, "holes": 0,
		"links": 0o2770, "pg_stat_tmp": 0o1777, ".": 0o700} {
		must(t, unix.Chmod(root+"/"+path, mode))
	}
	must(t, os.Lchown(root+"/PG_VERSION", 999, 998))
	must(t, os.Lchown(root+"/relative", 999, 998))
	must(t, os.Lchown(root, 999, 999))
	must(t, unix.Chown(root+"/pipe", 999, 999))
	must(t, unix.Lsetxattr(root+"/PG_VERSION", "user.binary", []byte{0, 1, 0xff}, 0))
	must(t, unix.Lsetxattr(root+"/empty", "user.empty", nil, 0))
	must(t, unix.Lsetxattr(root+"/links/one", "system.posix_acl_access", acl(7), 0))
	must(t, unix.Lsetxattr(root+"/base", "system.posix_acl_default", acl(5), 0))
	old := time.Unix(-86400, 123456789)
	must(t, os.Chtimes(root+"/PG_VERSION", old, old))
	later := time.Unix(4102444800, 987654321)
	must(t, os.Chtimes(root+"/base/1", later, later))
}

// acl is a POSIX ACL that gives user 4711 the permissions.
func acl(perm uint16) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range []struct {
		tag, perm uint16
		id        uint32
	}{{1, 6, ^uint32(0)}, {2, perm, 4711}, {4, 4, ^uint32(0)}, {0x10, perm, ^uint32(0)}, {0x20, 0, ^uint32(0)}} {
		b = binary.LittleEndian.AppendUint16(b, e.tag)
		b = binary.LittleEndian.AppendUint16(b, e.perm)
		b = binary.LittleEndian.AppendUint32(b, e.id)
	}
	return b
}

// randomTree makes a tree that differs for every seed.
func randomTree(t testing.TB, root string, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	dirs := []string{root}
	for i := range 40 {
		path := fmt.Sprintf("%s/%d-%c", dirs[r.IntN(len(dirs))], i, rune(33+r.IntN(90)))
		path = strings.ReplaceAll(path, "-/", "-slash")
		switch r.IntN(6) {
		case 0:
			must(t, os.Mkdir(path, 0o700))
			dirs = append(dirs, path)
		case 1:
			target := strings.ReplaceAll(string(noise(path, 8)), "\x00", "0")
			must(t, os.Symlink(target[:1+r.IntN(7)], path))
		default:
			write(t, path, noise(path, r.IntN(5)*r.IntN(200_000)))
			must(t, unix.Chmod(path, uint32(r.IntN(0o10000))))
			must(t, os.Lchown(path, r.IntN(70000), r.IntN(70000)))
			stamp := time.Unix(r.Int64N(4e9), r.Int64N(1e9))
			must(t, os.Chtimes(path, stamp, stamp))
		}
	}
}

// fingerprint is a complete list.
func fingerprint(t testing.TB, root string) *List {
	t.Helper()
	l, err := Fingerprint(t.Context(), root, Options{Content: true})
	must(t, err)
	return l
}

func compare(t testing.TB, root string, l *List) Drift {
	t.Helper()
	d, err := Compare(t.Context(), root, l)
	must(t, err)
	return d
}

// same fails unless root has what the list says.
func same(t testing.TB, root string, l *List) {
	t.Helper()
	if d := compare(t, root, l); d.Any() {
		t.Errorf("%s differs: %v", root, d)
	}
}

func entryOf(l *List, path string) *Entry {
	for i := range l.Entries {
		if l.Entries[i].Path == path {
			return &l.Entries[i]
		}
	}
	return nil
}
