package volume

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func encodeList(t testing.TB, l *List) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, l.Encode(&b))
	return b.Bytes()
}

func TestDecodeGivesWhatWasEncoded(t *testing.T) {
	root := tempDir(t)
	awkward(t, root)
	for _, content := range []bool{true, false} {
		l, err := Fingerprint(t.Context(), root, Options{Content: content})
		must(t, err)
		got, err := Decode(bytes.NewReader(encodeList(t, l)))
		must(t, err)
		if d := cmp.Diff(l, got); d != "" {
			t.Error(d)
		}
		same(t, root, got)
	}
}

func TestListFile(t *testing.T) {
	root, dir := tempDir(t), tempDir(t)
	write(t, root+"/a", []byte("a"))
	l := fingerprint(t, root)
	path := dir + "/" + ListName(3)
	must(t, l.WriteFile(path))
	got, err := ReadFile(path)
	must(t, err)
	if d := cmp.Diff(l, got); d != "" || !strings.HasSuffix(path, "/lull-volume-3.list") {
		t.Error(path, d)
	}
	if err := l.WriteFile(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("WriteFile over another: %v", err)
	}
	if _, err := ReadFile(dir + "/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadFile: %v", err)
	}
	sum := l.Summary(ListName(3))
	if sum.List != ListName(3) || sum.Content != l.Content() || sum.Files != 2 || sum.Bytes != 1 {
		t.Errorf("summary %+v", sum)
	}
}

// lines is a small list, one line per element.
func lines(t testing.TB) []string {
	t.Helper()
	l := &List{Header: Header{Root: "/srv/\xff", FileSystem: "ext4", Taken: 7, Witness: "boot"}, Entries: []Entry{
		{Path: ".", Type: Folder, Mode: 0o700},
		{Path: "\xfe", Type: Regular, Size: 1, SHA256: Digest{1}, Xattrs: map[string][]byte{"user.\xff": {0}}},
		{Path: "\xff", Type: Symlink, Target: "\xfd"},
	}}
	return strings.SplitAfter(strings.TrimSuffix(string(encodeList(t, l)), "\n"), "\n")
}

func TestDecodeRefuses(t *testing.T) {
	for name, spoil := range map[string]func([]string) []string{
		"nothing":            func([]string) []string { return nil },
		"no entries":         func(l []string) []string { return l[:1] },
		"a line less":        func(l []string) []string { return l[:3] },
		"a line more":        func(l []string) []string { return append(l, "\n", l[1]) },
		"another order":      func(l []string) []string { return []string{l[0], l[1], l[3] + "\n", l[2]} },
		"a line twice":       func(l []string) []string { return []string{l[0], l[1], l[2], l[2]} },
		"no root":            func(l []string) []string { return []string{l[0], l[2], l[3]} },
		"another schema":     swap(0, ListSchema, "lull.list/2"),
		"an unknown field":   swap(1, `"uid"`, `"user"`),
		"another content":    swap(2, `"sha256":"01`, `"sha256":"02`),
		"a short digest":     swap(2, `"sha256":"0100`, `"sha256":"01`),
		"a path upwards":     swap(3, `"path":"base64:/w=="`, `"path":"z/../z"`),
		"an absolute path":   swap(3, `"path":"base64:/w=="`, `"path":"/etc"`),
		"a path with a zero": swap(3, `"path":"base64:/w=="`, `"path":"z\u0000"`),
		"a spelled-out path": swap(3, `"path":"base64:/w=="`, `"path":"base64:eg=="`),
		"an unknown type":    swap(3, `"symlink"`, `"door"`),
		"a mode too large":   swap(1, `"0700"`, `"70000"`),
		"a mode with a word": swap(1, `"0700"`, `"0700x"`),
		"a negative size":    swap(2, `"size":1`, `"size":-1`),
		"two objects":        swap(1, "}\n", "}{}\n"),
		"an endless line":    swap(1, `"0700"`, `"`+strings.Repeat("0", maxListLine)+`"`),
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Join(spoil(lines(t)), "")
			_, err := Decode(strings.NewReader(text))
			if !errors.Is(err, ErrList) {
				t.Errorf("Decode: %v", err)
			}
		})
	}
	if _, err := Decode(strings.NewReader(strings.Join(lines(t), ""))); err != nil {
		t.Errorf("unspoiled: %v", err)
	}
}

func swap(line int, old, by string) func([]string) []string {
	return func(l []string) []string {
		if !strings.Contains(l[line], old) {
			panic(l[line] + " has no " + old)
		}
		l[line] = strings.Replace(l[line], old, by, 1)
		return l
	}
}

func FuzzDecodeList(f *testing.F) {
	f.Add([]byte(strings.Join(lines(f), "")))
	f.Add([]byte(`{"schema":"lull.list/1","entries":1000000000}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := Decode(bytes.NewReader(b))
		if err != nil {
			if !errors.Is(err, ErrList) {
				t.Fatalf("Decode: %v", err)
			}
			return
		}
		got, err := Decode(bytes.NewReader(encodeList(t, l)))
		if err != nil {
			t.Fatalf("what was encoded cannot be decoded: %v", err)
		}
		if d := cmp.Diff(l, got); d != "" {
			t.Fatal(d)
		}
	})
}

func FuzzSafe(f *testing.F) {
	f.Add("base64:")
	f.Add("\xff\n")
	f.Fuzz(func(t *testing.T, s string) {
		b, err := json.Marshal(safe(s))
		must(t, err)
		var back string
		must(t, json.Unmarshal(b, &back))
		if got, err := raw(back); err != nil || got != s {
			t.Fatalf("%q becomes %q, %v", s, got, err)
		}
	})
}

func FuzzDecodeJournal(f *testing.F) {
	root := toRecord(&Entry{Path: ".", Type: Folder, Mode: 0o700})
	j, err := json.Marshal(journal{Schema: journalSchema, ID: randomName(), State: swapped, Dst: "/d",
		Members: []string{"/d", "/e"}, Inodes: []uint64{2, 3}, Root: root})
	must(f, err)
	f.Add(j)
	f.Fuzz(func(t *testing.T, b []byte) {
		j, err := decodeJournal(bytes.NewReader(b))
		if err != nil {
			return
		}
		again, err := json.Marshal(j)
		must(t, err)
		if _, err := decodeJournal(bytes.NewReader(again)); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzDecodeHolder(f *testing.F) {
	r, err := newRecord("/d", Holder{Container: "c", Namespace: "n", PID: os.Getpid()})
	must(f, err)
	b, err := json.Marshal(r)
	must(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := decodeHolder(b); err == nil && r.PID < 0 {
			t.Fatal("a process below zero")
		}
	})
}
