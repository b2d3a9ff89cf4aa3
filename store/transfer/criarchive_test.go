package transfer

import (
	"archive/tar"
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/lull-containers/lull/store/artifact"
)

// criTar is an archive as the CRI writes it.
func criTar(t testing.TB, entries map[string]string) *bytes.Reader {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, text := range entries {
		err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(text))})
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(out.Bytes())
}

func TestOpenCRI(t *testing.T) {
	whole := func(change func(map[string]string)) map[string]string {
		e := map[string]string{"checkpoint/lull-manifest.json": "{}", "checkpoint/pages-1.img": "p", "checkpoint/sub/x": "no file of CRIU's",
			"spec.dump": "{}", "config.dump": `{"id":"c1","name":"db","rootfsImageName":"redis:8.0"}`}
		change(e)
		return e
	}
	for name, tt := range map[string]struct {
		change  func(map[string]string)
		ok      bool
		refused string
	}{
		"the CRI's":           {func(map[string]string) {}, true, ""},
		"lull export's":       {func(e map[string]string) { e["index.json"] = "{}" }, false, ""},
		"no database's":       {func(e map[string]string) { delete(e, "checkpoint/lull-manifest.json") }, false, ""},
		"some other tar":      {func(e map[string]string) { clear(e) }, false, ""},
		"it names no image":   {func(e map[string]string) { e["config.dump"] = `{"id":"c1","name":"db"}` }, true, "config.dump"},
		"config.dump is none": {func(e map[string]string) { e["config.dump"] = "x" }, true, "config.dump"},
	} {
		c, ok, err := OpenCRI("a.tar", criTar(t, whole(tt.change)))
		if err != nil || ok != tt.ok {
			t.Errorf("%s: %v, %v", name, ok, err)
			continue
		}
		if !ok {
			continue
		}
		_, err = c.archive.about()
		if (err != nil) != (tt.refused != "") || err != nil && (!errors.Is(err, artifact.ErrFormat) || !strings.Contains(err.Error(), tt.refused)) {
			t.Errorf("%s: %v", name, err)
		}
		if got := strings.Join(c.archive.images(), " "); got != "checkpoint/lull-manifest.json checkpoint/pages-1.img" {
			t.Errorf("%s: images %s", name, got)
		}
	}
}

func FuzzOpenCRI(f *testing.F) {
	whole := criTar(f, map[string]string{"checkpoint/lull-manifest.json": "{}", "spec.dump": "{}", "config.dump": "{}"})
	seed := make([]byte, whole.Len())
	if _, err := whole.Read(seed); err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(_ *testing.T, data []byte) {
		if c, ok, err := OpenCRI("a.tar", bytes.NewReader(data)); err == nil && ok { // no panic
			_, _ = c.archive.about()
			_ = c.archive.images()
		}
	})
}
