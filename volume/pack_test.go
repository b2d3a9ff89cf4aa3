package volume

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// incoming is what Pack wrote; it counts what is read of it.
type incoming struct {
	*bytes.Reader
	read int
}

func (i *incoming) Read(p []byte) (int, error) {
	n, err := i.Reader.Read(p)
	i.read += n
	return n, err
}

func (i *incoming) Skip(n int64) error {
	_, err := i.Seek(n, io.SeekCurrent)
	return err
}

// packable is a folder with everything that travels, and its list.
func packable(t *testing.T) (dir string, l *List) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	for _, d := range []string{"", "base", "base/1"} {
		check(t, os.MkdirAll(filepath.Join(dir, d), 0o700))
	}
	check(t, os.WriteFile(filepath.Join(dir, "base/1/rows"), bytes.Repeat([]byte("row "), 50_000), 0o640))
	check(t, os.WriteFile(filepath.Join(dir, "base/hidden\nname"), []byte("x"), 0o600))
	check(t, os.WriteFile(filepath.Join(dir, "empty"), nil, 0o600))
	check(t, os.Link(filepath.Join(dir, "base/1/rows"), filepath.Join(dir, "z-again")))
	check(t, os.Symlink("/elsewhere/ts1", filepath.Join(dir, "base/ts1")))
	check(t, unix.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	f, err := os.Create(filepath.Join(dir, "sparse"))
	check(t, err)
	_, err = f.WriteAt([]byte("end"), 8<<20)
	check(t, errors.Join(err, f.Close()))
	l, err = Fingerprint(t.Context(), dir, Options{Content: true})
	check(t, err)
	return dir, l
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func packed(t *testing.T, dir string, l *List) []byte {
	t.Helper()
	var b bytes.Buffer
	check(t, l.Pack(t.Context(), dir, &b))
	if n, err := l.PackSize(); err != nil || n != int64(b.Len()) {
		t.Fatalf("packed %d bytes, said %d, %v", b.Len(), n, err)
	}
	return b.Bytes()
}

func TestPackAndUnpack(t *testing.T) {
	dir, l := packable(t)
	raw := packed(t, dir, l)
	dst := filepath.Join(t.TempDir(), "volume-0")
	check(t, l.Unpack(t.Context(), dst, &incoming{Reader: bytes.NewReader(raw)}))
	drift, err := l.Verify(t.Context(), dst)
	if err != nil || drift.Any() {
		t.Errorf("%v, %v", drift, err)
	}
	for i := range l.Entries {
		st, err := os.Lstat(filepath.Join(dst, l.Entries[i].Path))
		if err != nil || st.ModTime().UnixNano() != l.Entries[i].Mtime {
			t.Errorf("%q: %v, %v", l.Entries[i].Path, st, err)
		}
	}
	var a, b unix.Stat_t
	check(t, errors.Join(unix.Stat(filepath.Join(dst, "z-again"), &a), unix.Stat(filepath.Join(dst, "sparse"), &b)))
	if a.Nlink != 2 || b.Blocks*512 > 1<<20 {
		t.Errorf("%d links, %d blocks", a.Nlink, b.Blocks)
	}
}

// What an interrupted unpacking has finished is not fetched again, and what it
// has not finished is of no use to anybody.
func TestUnpackGoesOn(t *testing.T) {
	dir, l := packable(t)
	raw := packed(t, dir, l)
	for cut := 0; cut < len(raw); cut += len(raw)/7 + 1 {
		dst := filepath.Join(t.TempDir(), "volume-0")
		short := &incoming{Reader: bytes.NewReader(raw[:cut])}
		if err := l.Unpack(t.Context(), dst, short); err == nil {
			t.Fatalf("%d bytes of %d were enough", cut, len(raw))
		}
		if _, err := os.Lstat(dst); !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("half of it has a name: %v", err)
		}
		again := &incoming{Reader: bytes.NewReader(raw)}
		check(t, l.Unpack(t.Context(), dst, again))
		if drift, err := l.Verify(t.Context(), dst); err != nil || drift.Any() {
			t.Errorf("after %d bytes: %v, %v", cut, drift, err)
		}
		if cut > 300_000 && again.read >= len(raw) {
			t.Errorf("after %d bytes all %d were read again", cut, again.read)
		}
	}
}

// A file may have been whole and without its owner, mode and times when an
// unpacking was killed.
func TestUnpackKeepsNoFalseMetadata(t *testing.T) {
	dir, l := packable(t)
	raw := packed(t, dir, l)
	dst := filepath.Join(t.TempDir(), "volume-0")
	rows, temp := "base/1/rows", UnpackDir(dst)
	check(t, os.MkdirAll(filepath.Join(temp, "base/1"), 0o700))
	data, err := os.ReadFile(filepath.Join(dir, rows))
	check(t, err)
	check(t, os.WriteFile(filepath.Join(temp, rows), data, 0o600))
	again := &incoming{Reader: bytes.NewReader(raw)}
	check(t, l.Unpack(t.Context(), dst, again))
	if again.read >= len(raw) {
		t.Error("the file was not kept")
	}
	if drift, err := l.Verify(t.Context(), dst); err != nil || drift.Any() {
		t.Errorf("%v, %v", drift, err)
	}
}

// Rot is found while it is read, and does not travel.
func TestPackRefusesRot(t *testing.T) {
	dir, l := packable(t)
	for name, spoil := range map[string]func(string) error{
		"changed": func(p string) error { return os.WriteFile(p, bytes.Repeat([]byte("ROW "), 50_000), 0o640) },
		"shorter": func(p string) error { return os.Truncate(p, 10) },
		"gone":    os.Remove,
	} {
		check(t, spoil(filepath.Join(dir, "base/1/rows")))
		if err := l.Pack(t.Context(), dir, io.Discard); !errors.Is(err, ErrCapture) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A list may come from anybody. Nothing of these is made.
func TestUnpackRefuses(t *testing.T) {
	line := func(path, kind, more string) string {
		return fmt.Sprintf(`{"path":%q,"type":%q,"mode":"0600","uid":0,"gid":0,"nlink":1,"mtime":0,"ctime":0,"inode":7,"device":1%s}`, path, kind, more)
	}
	root := line(".", "dir", "")
	file := fmt.Sprintf(`,"size":1,"sha256":"%s"`, strings.Repeat("a", 64))
	for name, lines := range map[string][]string{
		"path leads up":          {root, line("../evil", "file", file)},
		"path leads up and back": {root, line("a/../../evil", "file", file)},
		"absolute path":          {root, line("/evil", "file", file)},
		"path twice":             {root, line("a", "file", file), line("a", "file", file)},
		"in a file":              {root, line("a", "file", file), line("a/b", "file", file)},
		"through a symlink":      {root, line("a", "symlink", `,"target":"/tmp"`), line("a/evil", "file", file)},
		"in no folder":           {root, line("a/b", "file", file)},
		"no root":                {line("a", "file", file)},
		"root is a symlink":      {line(".", "symlink", `,"target":"/etc"`)},
		"device":                 {root, line("sda", "block", `,"rdev":2048`)},
		"character device":       {root, line("mem", "char", `,"rdev":257`)},
		"setuid":                 {root, strings.Replace(line("su", "file", file), "0600", "4755", 1)},
		"setgid":                 {root, strings.Replace(line("sg", "file", file), "0600", "2755", 1)},
		"capability":             {root, line("cap", "file", file+`,"xattrs":{"security.capability":"AQ=="}`)},
		"overlay's own":          {root, line("op", "dir", `,"xattrs":{"trusted.overlay.redirect":"L2V0Yw=="}`)},
		"zero byte":              {root, line("a\x00b", "file", file)},
		"size below zero":        {root, line("a", "file", strings.Replace(file, ":1,", ":-1,", 1))},
		"larger than any disk":   {root, line("a", "file", strings.Replace(file, ":1,", ":9223372036854775807,", 1)), strings.Replace(line("b", "file", strings.Replace(file, ":1,", ":9223372036854775807,", 1)), `"inode":7`, `"inode":8`, 1)},
		"contents unknown":       {root, line("a", "file", `,"size":5`)},
		"one file, two contents": {root, strings.Replace(line("a", "file", file), `"nlink":1`, `"nlink":2`, 1), strings.Replace(line("b", "file", strings.Replace(file, ":1,", ":2,", 1)), `"nlink":1`, `"nlink":2`, 1)},
	} {
		above := t.TempDir()
		dst := filepath.Join(above, "store", "volume-0")
		check(t, os.Mkdir(filepath.Dir(dst), 0o700))
		l, err := decodeLines(lines)
		if err == nil {
			_, err = l.PackSize()
		}
		if err == nil {
			err = l.Unpack(t.Context(), dst, &incoming{Reader: bytes.NewReader([]byte("evil evil"))})
		}
		if !errors.Is(err, ErrList) {
			t.Errorf("%s: %v", name, err)
		}
		left, err := filepath.Glob(filepath.Join(above, "*", "*"))
		if hidden, _ := filepath.Glob(filepath.Join(above, "*", ".*")); err != nil || len(left)+len(hidden) > 0 {
			t.Errorf("%s: left %q %q, %v", name, left, hidden, err)
		}
	}
}

// decodeLines makes a list of lines, with a header that fits.
func decodeLines(lines []string) (*List, error) {
	body := strings.Join(lines, "\n") + "\n"
	head := fmt.Sprintf(`{"schema":%q,"root":"/data","file_system":"ext4","taken":1,"entries":%d`, ListSchema, len(lines))
	first, err := Decode(strings.NewReader(head + "}\n" + body))
	if err == nil {
		return first, nil
	}
	l := &List{}
	for _, line := range lines { // for the digest that the header has to have
		if err := l.decodeEntry([]byte(line)); err != nil {
			return nil, listError(1, err)
		}
	}
	return Decode(strings.NewReader(fmt.Sprintf("%s,\"content\":%q}\n%s", head, l.Content(), body)))
}

// Whatever a list says, nothing is made outside.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte(`{"path":"a","type":"dir","mode":"0700","uid":0,"gid":0,"nlink":1,"mtime":0,"ctime":0,"inode":7,"device":1}`), []byte("x"))
	f.Add([]byte(`{"path":"a","type":"symlink","target":"../..","mode":"0700","uid":0,"gid":0,"nlink":1,"mtime":0,"ctime":0,"inode":7,"device":1}`), []byte("x"))
	f.Fuzz(func(t *testing.T, lines, raw []byte) {
		root := `{"path":".","type":"dir","mode":"0700","uid":0,"gid":0,"nlink":1,"mtime":0,"ctime":0,"inode":6,"device":1}`
		l, err := decodeLines(append([]string{root}, strings.Split(string(lines), "\n")...))
		if err != nil {
			return
		}
		above := t.TempDir()
		dst := filepath.Join(above, "in", "volume-0")
		check(t, os.Mkdir(filepath.Dir(dst), 0o700))
		_ = l.Unpack(context.Background(), dst, &incoming{Reader: bytes.NewReader(raw)}) // must not escape, that is all
		if left, _ := os.ReadDir(above); len(left) != 1 {
			t.Errorf("%d entries beside the store", len(left))
		}
	})
}
