package harness

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFillCell(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cells")
	t.Setenv(cellsFile, file)
	t.Run("passes", func(t *testing.T) { FillCell(t, "docker", "28", "redis 8.0", "stop") })
	t.Run("skips", func(t *testing.T) {
		FillCell(t, "docker", "29", "redis 8.0", "stop").Skip(t, "the skip that is tested")
	})
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"engine":"docker","version":"28","database":"redis 8.0","how":"stop","result":"pass","test":"TestFillCell/passes"}
{"engine":"docker","version":"29","database":"redis 8.0","how":"stop","result":"not run","reason":"the skip that is tested","test":"TestFillCell/skips"}
`
	if string(got) != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
