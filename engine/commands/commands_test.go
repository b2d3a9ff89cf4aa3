package commands

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// container is a Runner that notes what ran, and has an answer for each phase.
type container struct {
	ran    []string
	answer map[string]func(context.Context) (Result, error)
}

func (c *container) Run(ctx context.Context, phase string, argv []string) (Result, error) {
	c.ran = append(c.ran, phase+": "+argv[len(argv)-1])
	if f := c.answer[phase]; f != nil {
		return f(ctx)
	}
	return Result{}, nil
}

func (c *container) says(phase string, r Result) {
	if c.answer == nil {
		c.answer = map[string]func(context.Context) (Result, error){}
	}
	c.answer[phase] = func(context.Context) (Result, error) { return r, nil }
}

// database is an inner session that notes what it was told.
type database struct {
	engine.Session
	told  []string
	fails bool
}

func (d *database) Plan(context.Context, bool, time.Duration) ([]manifest.Held, error) {
	return []manifest.Held{{Setting: "a pause", Release: manifest.ByExpiry}}, nil
}
func (d *database) Flush(context.Context) error { d.told = append(d.told, "flush"); return nil }
func (d *database) Release(_ context.Context, held []manifest.Held) error {
	d.told = append(d.told, "release "+held[0].Setting)
	if d.fails {
		return errors.New("the database is gone")
	}
	return nil
}

var all = Commands{Quiesce: "stop", Release: "go", Ready: "ask"}

func TestArgv(t *testing.T) {
	for text, want := range map[string][]string{
		"ctl pause":                   {"/bin/sh", "-c", "ctl pause"},
		` ["/app/ctl", "pause now"] `: {"/app/ctl", "pause now"},
		"":                            nil,
		"  ":                          nil,
		"[]":                          nil,
		`[""]`:                        nil,
		`["a", 1]`:                    nil,
		`["a", "b"`:                   nil,
		"[ -e /ready ]":               {"/bin/sh", "-c", "[ -e /ready ]"},
	} {
		got, err := Argv(text)
		if !slices.Equal(got, want) || (err != nil) != (want == nil) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestOfNamesTheLabel(t *testing.T) {
	if _, err := Of(map[string]string{"release-exec": `["oops`}); err == nil || !strings.Contains(err.Error(), "lull/release-exec") {
		t.Errorf("%v", err)
	}
	if c, err := Of(map[string]string{"quiesce-exec": "stop", "release-exec": "go", "ready-exec": "ask"}); err != nil || c != all {
		t.Errorf("%+v, %v", c, err)
	}
}

// The effect is in the plan before the command runs, and only where something
// undoes it; what comes last is released first.
func TestOrder(t *testing.T) {
	in, db := &container{}, &database{}
	s := Around(db, all, in, time.Minute)
	held, err := s.Plan(t.Context(), false, 0)
	want := manifest.Held{Setting: engine.SettingCommand, Ours: "go", Release: manifest.ByStatement}
	if err != nil || len(held) != 2 || held[1] != want || len(in.ran) > 0 {
		t.Fatalf("%+v, %v, ran %q", held, err, in.ran)
	}
	for range 2 { // again under the fence
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Release(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(in.ran, []string{"quiesce: stop", "release: go"}) || !slices.Equal(db.told, []string{"flush", "flush", "release a pause"}) {
		t.Errorf("ran %q, told %q", in.ran, db.told)
	}
}

func TestWithoutReleaseNothingIsHeld(t *testing.T) {
	s := Around(&database{}, Commands{Quiesce: "sync"}, &container{}, time.Minute)
	if held, err := s.Plan(t.Context(), false, 0); err != nil || len(held) != 1 {
		t.Errorf("%+v, %v", held, err)
	}
}

// A database that cannot be released does not keep the service paused.
func TestReleaseRunsWhateverTheDatabaseSays(t *testing.T) {
	in := &container{}
	s := Around(&database{fails: true}, all, in, time.Minute)
	held, _ := s.Plan(t.Context(), false, 0)
	if err := s.Release(t.Context(), held); err == nil || !slices.Equal(in.ran, []string{"release: go"}) {
		t.Errorf("%v, ran %q", err, in.ran)
	}
}

// A restored copy without labels runs what was recorded.
func TestReleaseOfARestoredCopy(t *testing.T) {
	in := &container{}
	held := []manifest.Held{{Setting: engine.SettingCommand, Ours: "recorded", Release: manifest.ByStatement}}
	if err := Around(Bare(quiesce.Target{}, Commands{}), Commands{}, in, time.Minute).Release(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(in.ran, []string{"release: recorded"}) {
		t.Errorf("ran %q", in.ran)
	}
}

func TestFailuresAreOneLine(t *testing.T) {
	hang := func(ctx context.Context) (Result, error) { <-ctx.Done(); return Result{Stderr: "waiting"}, ctx.Err() }
	for name, tt := range map[string]struct {
		run   func(context.Context) (Result, error)
		wants []string
	}{
		"exit code":  {func(context.Context) (Result, error) { return Result{Code: 3, Stderr: "no\nway"}, nil }, []string{"exit code 3", `"no way"`}},
		"only out":   {func(context.Context) (Result, error) { return Result{Code: 1, Stdout: "busy"}, nil }, []string{`"busy"`}},
		"silent":     {func(context.Context) (Result, error) { return Result{Code: 1}, nil }, []string{"printed nothing"}},
		"a lot":      {func(context.Context) (Result, error) { return Result{Code: 1, Stderr: strings.Repeat("x", 5000)}, nil }, []string{"… xx"}},
		"not there":  {func(context.Context) (Result, error) { return Result{}, errors.New("no such program") }, []string{"no such program"}},
		"no end":     {hang, []string{"was killed", "lull/exec-timeout", `"waiting"`}},
		"not a text": {func(context.Context) (Result, error) { return Result{Code: 1, Stderr: "\xff\n\x00"}, nil }, []string{"exit code 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := &container{answer: map[string]func(context.Context) (Result, error){PhaseQuiesce: tt.run}}
			err := Around(Bare(quiesce.Target{}, all), all, in, 20*time.Millisecond).Flush(t.Context())
			if err == nil || strings.ContainsAny(err.Error(), "\n\x00") || len(err.Error()) > 1000 {
				t.Fatalf("%v", err)
			}
			for _, w := range append(tt.wants, "lull/quiesce-exec") {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("no %q in %v", w, err)
				}
			}
		})
	}
}

func TestReadyIsTriedUntilItSucceeds(t *testing.T) {
	tries := 0
	in := &container{answer: map[string]func(context.Context) (Result, error){PhaseReady: func(context.Context) (Result, error) {
		tries++
		return Result{Code: 3 - tries}, nil
	}}}
	s := Around(Bare(quiesce.Target{Args: []string{"/app/serve"}}, all), all, in, time.Minute)
	v, err := s.Verify(t.Context(), manifest.Database{Engine: quiesce.Exec, Identity: map[string]string{"program": "serve"}})
	if err != nil || tries != 3 || len(v.Broken) > 0 || len(v.Checked) != 2 {
		t.Errorf("%+v, %v after %d", v, err, tries)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	in.says(PhaseReady, Result{Code: 1, Stderr: "still starting"})
	if _, err := s.Verify(ctx, manifest.Database{Identity: map[string]string{"program": "serve"}}); !errors.Is(err, quiesce.ErrNotReady) ||
		!strings.Contains(err.Error(), "still starting") {
		t.Errorf("%v", err)
	}
}

func TestAnotherProgram(t *testing.T) {
	v, err := Bare(quiesce.Target{Args: []string{"/app/other"}}, all).Verify(t.Context(), manifest.Database{Identity: map[string]string{"program": "serve"}})
	if err != nil || len(v.Broken) != 1 {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestBareNeedsACommand(t *testing.T) {
	if _, err := Bare(quiesce.Target{}, Commands{}).Preflight(t.Context()); !errors.Is(err, quiesce.ErrUnsupported) {
		t.Errorf("%v", err)
	}
	if _, err := Bare(quiesce.Target{}, all).Fence(t.Context(), time.Second); !errors.Is(err, quiesce.ErrFence) {
		t.Errorf("%v", err)
	}
}

func TestAnswerOfACommand(t *testing.T) {
	in := &container{}
	s := Around(Bare(quiesce.Target{}, all), all, in, time.Minute).(quiesce.Validator)
	in.says(PhaseValidate, Result{Stdout: "42\n"})
	if a, err := s.Ask(t.Context(), "wc -l"); err != nil || a != (quiesce.Answer{Value: "42"}) {
		t.Errorf("%+v, %v", a, err)
	}
	for _, r := range []Result{{Code: 1}, {Stdout: strings.Repeat("x", 2000)}, {Stdout: "x", Truncated: true}, {Stdout: "\xff"}} {
		in.says(PhaseValidate, r)
		if a, err := s.Ask(t.Context(), "x"); err == nil {
			t.Errorf("%+v: %+v", r, a)
		}
	}
}

// runs is a database that runs statements.
type runs struct{ database }

func (r *runs) Execute(_ context.Context, statements string) error {
	r.told = append(r.told, statements)
	return nil
}

// A clone's statements go to the database, whatever commands are around it.
func TestStatementsOfAClone(t *testing.T) {
	db := &runs{}
	if err := Around(db, all, &container{}, time.Minute).(quiesce.Executor).Execute(t.Context(), "one;"); err != nil || !slices.Equal(db.told, []string{"one;"}) {
		t.Errorf("%v, told %q", err, db.told)
	}
	err := Around(Bare(quiesce.Target{}, all), all, &container{}, time.Minute).(quiesce.Executor).Execute(t.Context(), "one;")
	if !errors.Is(err, quiesce.ErrUnsupported) {
		t.Errorf("%v", err)
	}
}
