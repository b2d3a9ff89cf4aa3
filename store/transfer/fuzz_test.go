package transfer

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// FuzzExported: an archive that anybody may have made is understood or refused.
func FuzzExported(f *testing.F) {
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	a := NewArchive("x.tar", archive)
	if _, err := a.PutManifest(f.Context(), []byte(`{"artifactType":"x"}`), true); err != nil {
		f.Fatal(err)
	}
	if err := errors.Join(a.Close(), archive.Close()); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := OpenExported("x.tar", bytes.NewReader(raw))
		if err != nil {
			return
		}
		if got, d, err := p.Manifest(t.Context()); err == nil && int64(len(got)) != d.Size {
			t.Errorf("%d bytes for %+v", len(got), d)
		}
	})
}

// FuzzLayout: so is the index of a folder.
func FuzzLayout(f *testing.F) {
	f.Add([]byte(`{"schemaVersion":2,"manifests":[{"digest":"sha256:../../x","size":3,"annotations":{"org.opencontainers.image.ref.name":"monday"}}]}`))
	f.Fuzz(func(t *testing.T, index []byte) {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, ocispec.ImageIndexFile), index, 0o600))
		p, err := Open("oci:" + dir + ":monday")
		must(t, err)
		if raw, d, err := p.Manifest(t.Context()); err == nil {
			t.Errorf("%q of %+v, and there is none", raw, d)
		}
	})
}

// FuzzJournal: what it makes of any file is a digest and a size, or nothing.
func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"chunk":"sha256:00","blob":"x","size":-1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "x")
		must(t, os.WriteFile(path, raw, 0o600))
		in, err := os.Open(path)
		must(t, err)
		defer in.Close()
		j := &journal{done: map[digest.Digest]ocispec.Descriptor{}}
		j.read(in)
		for chunk, d := range j.done {
			if chunk.Validate() != nil || d.Digest.Validate() != nil || d.Size <= 0 {
				t.Errorf("%q stands for %+v", chunk, d)
			}
		}
	})
}

// FuzzConfined: a spec that passes has no privilege and no device of the host.
func FuzzConfined(f *testing.F) {
	f.Add([]byte(`{"process":{"capabilities":{"bounding":["CAP_SYS_ADMIN"]}},"linux":{"namespaces":[{"type":"pid"}]}}`))
	f.Add([]byte(`{"mounts":[{"destination":"/x","type":"bind","source":"/","options":["rbind"]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s specs.Spec
		if json.Unmarshal(raw, &s) != nil || confinedSpec(&s, mountRules{}) != nil {
			return
		}
		for _, m := range s.Mounts {
			if m.Type == "bind" && m.Source == "/" {
				t.Errorf("the host's root passed: %+v", m)
			}
		}
		if s.Hooks != nil {
			t.Error("hooks passed")
		}
	})
}
