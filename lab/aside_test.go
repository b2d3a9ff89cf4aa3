package lab

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAside(t *testing.T) {
	layout := Layout{Cache: t.TempDir()}
	k := mustKeys(t, Part{Name: "old", Version: "1", Aside: true})[0]
	l := &Lab{Layout: layout, aside: map[string]keyed{"old": k}}

	var unknown *UnknownPartError
	if _, err := l.Aside("older"); !errors.As(err, &unknown) {
		t.Errorf("a part that is in no list: %v", err)
	}
	if _, err := l.Aside("old"); !errors.Is(err, ErrNotBuilt) || !strings.Contains(err.Error(), "build old") {
		t.Errorf("a part that is not built: %v", err)
	}
	if err := writeFile(filepath.Join(k.dir(layout), stampFile), `{"name":"old","version":"1","found":"1.7","key":"`+k.Key+`"}`, 0o644); err != nil {
		t.Fatal(err)
	}
	a, err := l.Aside("old")
	if err != nil || a.Version != "1.7" || a.Path("ctr") != filepath.Join(k.dir(layout), "bin", "ctr") {
		t.Errorf("a built part: %+v, %v", a, err)
	}
}

func TestDebianExpose(t *testing.T) {
	for name, libraries := range map[string]bool{"links": false, "scripts": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := writeFile(filepath.Join(dir, "root/usr/bin/tool"), "#!/bin/sh\n", 0o755); err != nil {
				t.Fatal(err)
			}
			r := debianRecipe{Programs: []string{"usr/bin/tool"}, Libraries: libraries, Script: debianScript}
			if err := r.expose(dir); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(filepath.Join(dir, "bin/tool")); err != nil || info.Mode()&0o100 == 0 {
				t.Errorf("bin/tool: %v, %v", info, err)
			}
			r.Programs = []string{"usr/bin/other"}
			if err := r.expose(dir); err == nil {
				t.Error("a program that is not there")
			}
		})
	}
}
