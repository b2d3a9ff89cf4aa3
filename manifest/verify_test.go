package manifest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestVerifyRefuses(t *testing.T) {
	cases := map[string]struct {
		spoil func(t *testing.T, dir string)
		want  error
		file  string
	}{
		"no manifest":      {removes(FileName), ErrMissing, FileName},
		"a missing file":   {removes("pages-1.img"), ErrAltered, "pages-1.img"},
		"a missing log":    {removes("stats-dump"), ErrAltered, "stats-dump"},
		"one more file":    {puts("core-2.img", "core"), ErrAltered, "core-2.img"},
		"a dump's log":     {puts("dump.log", "log"), ErrAltered, "dump.log"},
		"a left temp":      {puts(tempName, "{}"), ErrAltered, tempName},
		"a shorter file":   {puts("pages-1.img", "pages"), ErrAltered, "pages-1.img"},
		"one other byte":   {puts("pages-1.img", "pages pages pages pagez"), ErrAltered, "pages-1.img"},
		"a symlink":        {symlinks("pages-1.img"), ErrAltered, "pages-1.img"},
		"a folder instead": {folders("pages-1.img"), ErrAltered, "pages-1.img"},
		"a named pipe":     {pipes("pages-1.img"), ErrAltered, "pages-1.img"},
		"another folder":   {folders("sub"), ErrAltered, "sub"},
		"another schema":   {replaces(Schema, "lull.manifest/9"), ErrSchema, FileName},
		"another level":    {replaces(`"level": "flushed"`, `"level": "clean"`), ErrAltered, FileName},
		"another status":   {replaces(`"status": "sealed"`, `"status": "pending"`), ErrAltered, FileName},
		"trailing bytes":   {appends("{}"), ErrAltered, FileName},
		"trailing spaces":  {appends(" "), ErrAltered, FileName},
		"not JSON":         {puts(FileName, "sealed, I promise"), ErrSchema, FileName},
		"too large":        {puts(FileName, strings.Repeat(" ", MaxSize+1)), ErrSchema, FileName},
		"empty":            {puts(FileName, ""), ErrSchema, FileName},
		"a symlink to it":  {symlinks(FileName), ErrAltered, FileName},
		"a reindented manifest": {func(t *testing.T, dir string) {
			raw := read(t, dir)
			put(t, dir, FileName, string(bytes.ReplaceAll(raw, []byte("  "), []byte("\t"))))
		}, ErrAltered, FileName},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir, _ := sealedFolder(t)
			c.spoil(t, dir)
			_, err := Verify(t.Context(), dir)
			if !errors.Is(err, c.want) {
				t.Fatalf("Verify: %v, want %v", err, c.want)
			}
			var r *Refusal
			if !errors.As(err, &r) || r.File != c.file || r.Remedy == "" {
				t.Errorf("it names %+v, want file %s and a remedy", r, c.file)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("it has more than one line: %q", err)
			}
		})
	}
}

func TestVerifyAllowsWhatARestoreWrites(t *testing.T) {
	dir, _ := sealedFolder(t)
	for _, name := range MayAppear() {
		put(t, dir, name, "written by the restore")
	}
	if _, err := Verify(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyPending(t *testing.T) {
	dir := imageFolder(t)
	writes(sample())(t, dir)
	if _, err := Verify(t.Context(), dir); !errors.Is(err, ErrPending) {
		t.Fatalf("Verify: %v", err)
	}
}

// Every single changed bit of a sealed manifest is seen.
func TestEveryByteOfTheManifestIsSealed(t *testing.T) {
	dir, _ := sealedFolder(t)
	raw := read(t, dir)
	for i := range raw {
		for _, flip := range []byte{0x01, 0x20, 0x80} {
			raw[i] ^= flip
			if _, err := CheckSeal(raw); err == nil {
				t.Fatalf("byte %d (%q) may be changed to %q", i, raw[i]^flip, raw[i])
			}
			raw[i] ^= flip
		}
	}
	if _, err := CheckSeal(raw); err != nil {
		t.Fatal(err)
	}
}

// A manifest cut short anywhere is refused.
func TestEveryLengthOfTheManifestIsSealed(t *testing.T) {
	dir, _ := sealedFolder(t)
	raw := read(t, dir)
	for n := range raw {
		if _, err := CheckSeal(raw[:n]); err == nil {
			t.Fatalf("it verifies with %d of %d bytes", n, len(raw))
		}
	}
}

func FuzzDecode(f *testing.F) {
	m := sample()
	raw, err := encode(m)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"schema":"lull.manifest/1"}`))
	f.Add([]byte(strings.Repeat("[", 1000)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Decode(raw)
		if err != nil {
			if !errors.Is(err, ErrSchema) {
				t.Fatalf("decode: %v", err)
			}
			return
		}
		again, err := encode(m)
		if err != nil {
			t.Fatal(err)
		}
		if !sealHolds(again) {
			t.Fatal("what was decoded cannot be sealed")
		}
		if _, err := Decode(again); err != nil {
			t.Fatalf("what was encoded cannot be decoded: %v", err)
		}
	})
}

func read(t *testing.T, dir string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func removes(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func puts(name, text string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { put(t, dir, name, text) }
}

func symlinks(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, name)
		away := filepath.Join(t.TempDir(), name)
		if err := os.Rename(path, away); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(away, path); err != nil {
			t.Fatal(err)
		}
	}
}

func folders(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, name)
		_ = os.Remove(path)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

func pipes(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, name)
		_ = os.Remove(path)
		if err := unix.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func replaces(old, by string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		raw := string(read(t, dir))
		if !strings.Contains(raw, old) {
			t.Fatalf("the manifest has no %s", old)
		}
		put(t, dir, FileName, strings.Replace(raw, old, by, 1))
	}
}

func appends(text string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { put(t, dir, FileName, string(read(t, dir))+text) }
}

func TestVerifyFile(t *testing.T) {
	dir, m := sealedFolder(t)
	put(t, dir, "pages-1.img", "PAGES pages pages pages")
	for name, want := range map[string]error{"core-1.img": nil, "pages-1.img": ErrAltered, "another": ErrAltered} {
		if err := m.VerifyFile(t.Context(), dir, name); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
