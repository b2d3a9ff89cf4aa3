package demo

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/lull-containers/lull/lab/demo/screen"
)

var update = flag.Bool("update", false, "write the golden files")

// measured is the result of a real run, with a broken promise and a step that
// the table does not know planted in it.
func measured(t *testing.T) *Result {
	t.Helper()
	data, err := os.ReadFile("testdata/result.json")
	if err != nil {
		t.Fatal(err)
	}
	r := &Result{}
	if err := json.Unmarshal(data, r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTableFits(t *testing.T) {
	for _, width := range []int{60, 80, 140} {
		t.Run(strconv.Itoa(width), func(t *testing.T) {
			got := measured(t).Table(paper(t, width))
			golden := filepath.Join("testdata", "table-"+strconv.Itoa(width)+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("table (-want +got):\n%s", diff)
			}
			if w := text.LongestLineLen(got); w > max(width, 80) {
				t.Errorf("%d columns wide", w)
			}
		})
	}
}

// paper is a screen of a width that is no terminal.
func paper(t *testing.T, width int) *screen.Screen {
	t.Helper()
	t.Setenv("COLUMNS", strconv.Itoa(width))
	f, err := os.Create(filepath.Join(t.TempDir(), "story"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return screen.New(f, func() { t.Error("nobody reads") })
}

func TestResultErr(t *testing.T) {
	r := measured(t)
	if err := r.err(); !errors.Is(err, ErrVerdict) {
		t.Errorf("a broken promise gives %v", err)
	}
	for _, a := range r.Acts {
		for i := range a.Verdicts {
			a.Verdicts[i].OK = true
		}
	}
	if err := r.err(); err != nil {
		t.Errorf("all promises kept gives %v", err)
	}
}

func TestDuration(t *testing.T) {
	for ms, want := range map[float64]string{0: "·", 0.4: "·", 1: "1 ms", 999.4: "999 ms", 1000: "1.00 s", 61234: "61.23 s"} {
		if got := duration(ms); got != want {
			t.Errorf("%v ms is %q, not %q", ms, got, want)
		}
	}
}
