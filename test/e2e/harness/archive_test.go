package harness

import (
	"archive/tar"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sample() Archive {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)
	header := func(kind byte, name string, size int64) *tar.Header {
		return &tar.Header{Typeflag: kind, Name: name, Size: size, Mode: 0o640, Uid: 999, ModTime: at, Format: tar.FormatPAX,
			PAXRecords: map[string]string{"SCHILY.xattr.user.x": "y"}}
	}
	return Archive{
		{header(tar.TypeDir, "a/", 0), nil},
		{header(tar.TypeReg, "a/wal", 4), []byte("0123")},
		{header(tar.TypeReg, "./b", 0), nil},
	}
}

func TestArchiveSurvivesPacking(t *testing.T) {
	for name, zipped := range map[string]bool{"tar": false, "tar.gz": true} {
		t.Run(name, func(t *testing.T) {
			again := repack(t, sample(), zipped)
			if diff := cmp.Diff(contents(sample()), contents(again)); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
			for i, f := range again {
				was := sample()[i].Header
				if !f.Header.ModTime.Equal(was.ModTime) || f.Header.Uid != 999 || f.Header.PAXRecords["SCHILY.xattr.user.x"] != "y" {
					t.Errorf("%+v, was %+v", f.Header, was)
				}
			}
		})
	}
}

func repack(t *testing.T, a Archive, zipped bool) Archive {
	t.Helper()
	raw, err := a.pack(zipped)
	if err != nil {
		t.Fatal(err)
	}
	again, err := unpack(raw, zipped)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func contents(a Archive) map[string]string {
	all := map[string]string{}
	for _, f := range a {
		all[f.Header.Name] = string(f.Data)
	}
	return all
}

func TestArchiveChanges(t *testing.T) {
	a := sample()
	a.File(t, "a/wal").Flip(t, 3)
	a.File(t, "b").Set([]byte("longer"))
	want := map[string]string{"a/": "", "a/wal": "0122", "./b": "longer"}
	if diff := cmp.Diff(want, contents(repack(t, a, false))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"b"}, a.Without(t, "a/wal").Names()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
