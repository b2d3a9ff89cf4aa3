package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func testBuild(t *testing.T, parts ...Part) (*build, []keyed) {
	t.Helper()
	dir := t.TempDir()
	all := mustKeys(t, parts...)
	l := Layout{Cache: dir, Run: filepath.Join(dir, "run"), Data: filepath.Join(dir, "data")}
	return &build{layout: l, report: silent{}, parts: all}, all
}

func writes(file string) func(context.Context, *Bench) error {
	return func(_ context.Context, b *Bench) error {
		return os.WriteFile(filepath.Join(b.Dir, file), []byte("x"), 0o644)
	}
}

func TestBuildPublishes(t *testing.T) {
	b, all := testBuild(t,
		Part{Name: "low", Make: writes("low")},
		Part{Name: "high", Needs: []string{"low"}, Make: func(_ context.Context, b *Bench) error {
			_, err := os.Stat(filepath.Join(b.Needs["low"], "low"))
			return err
		}})
	if err := b.run(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if left := missing(b.layout, all); len(left) > 0 {
		t.Errorf("not built: %v", names(left))
	}
}

func TestBuildFailureLeavesNothing(t *testing.T) {
	broken := errors.New("broken")
	tried := false
	b, all := testBuild(t,
		Part{Name: "bad", Make: func(_ context.Context, b *Bench) error {
			_ = os.WriteFile(filepath.Join(b.Dir, "half"), nil, 0o644)
			b.Say("the last words")
			return broken
		}},
		Part{Name: "good", Make: writes("good")},
		Part{Name: "above", Needs: []string{"bad"}, Make: func(context.Context, *Bench) error { tried = true; return nil }})
	err := b.run(t.Context(), all)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "the last words") {
		t.Errorf("error %v", err)
	}
	if tried {
		t.Error("a part was tried without what it needs")
	}
	if got := names(missing(b.layout, all)); len(got) != 2 {
		t.Errorf("not built: %v, want bad and above", got)
	}
}

func TestBuildInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b, all := testBuild(t, Part{Name: "slow", Make: func(ctx context.Context, b *Bench) error {
		cancel()
		return b.Run(ctx, nil, "sleep", "60")
	}})
	if err := b.run(ctx, all); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if len(missing(b.layout, all)) != 1 {
		t.Error("an interrupted part counts as built")
	}
}

// A folder that was renamed into place without its stamp, or whose stamp is of
// another key, is not taken for a part.
func TestBuiltNeedsItsStamp(t *testing.T) {
	b, all := testBuild(t, Part{Name: "p", Make: writes("f")})
	dir := all[0].dir(b.layout)
	for _, text := range []string{"", `{"key":"p--other"}`} {
		if err := writeFile(filepath.Join(dir, stampFile), text, 0o644); err != nil {
			t.Fatal(err)
		}
		if all[0].built(b.layout) {
			t.Errorf("built with stamp %q", text)
		}
	}
	if err := b.run(t.Context(), all); err != nil || !all[0].built(b.layout) {
		t.Errorf("not built over it: %v", err)
	}
}

func TestPurgeTouchesOnlyItsOwn(t *testing.T) {
	b, all := testBuild(t, Part{Name: "p", Make: writes("f")})
	if err := b.run(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(b.layout.Cache, "mine")
	if err := os.WriteFile(mine, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Purge(b.layout); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(b.layout.Cache)
	if err != nil || len(entries) != 1 || entries[0].Name() != "mine" {
		t.Errorf("left: %v, %v", entries, err)
	}
}
