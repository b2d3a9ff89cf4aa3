package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is one line of `go test -json`.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64 // seconds
}

// test is one test, subtest or, with an empty name, package.
type test struct {
	pkg, name string
	began     bool   // false for a name that only stands in a subtest's
	result    string // pass, fail, skip; empty: it never ended
	output    []string
	children  int
	again     bool   // it failed and was given a second try
	first     string // what it said then
}

// summary gathers the tests of a run in the order in which they began.
type summary struct {
	tests    []*test
	byKey    map[string]*test
	progress progress
	blamed   int // failures that the exits so far account for
}

func newSummary(out io.Writer) *summary {
	return &summary{byKey: map[string]*test{}, progress: progress{out}}
}

// read takes a stream of events. Lines that are none are shown as they are.
func (s *summary) read(in io.Reader) error {
	for lines := bufio.NewReader(in); ; {
		line, err := lines.ReadBytes('\n')
		s.addLine(line)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) addLine(line []byte) {
	var e event
	switch err := json.Unmarshal(line, &e); {
	case err != nil:
		s.progress.raw(string(line))
	case e.Package != "":
		s.add(e)
	case e.Action == "build-output":
		s.progress.raw(e.Output)
	case e.Action == "exit":
		s.exited(e)
	}
}

// exited takes note of a go test that ended with a status other than zero,
// which the caller tells by an event of its own. Where no test and no package
// failed, go test itself did.
func (s *summary) exited(e event) {
	failed := 0
	for _, t := range s.tests {
		if t.result == "fail" {
			failed++
		}
	}
	if failed == s.blamed {
		s.add(event{Action: "fail", Package: fmt.Sprintf("go test, exit status %.0f, without a failed test", e.Elapsed)})
		failed++
	}
	s.blamed = failed
}

func (s *summary) add(e event) {
	switch e.Action {
	case "pass", "fail", "skip":
		t := s.get(e.Package, e.Test)
		t.result = e.Action
		s.progress.ended(t, e.Elapsed)
	case "run", "start":
		s.get(e.Package, e.Test).began = true
	case "output":
		t := s.get(e.Package, e.Test)
		t.output = append(t.output, e.Output)
	}
}

func (s *summary) get(pkg, name string) *test {
	key := pkg + " " + name
	if t := s.byKey[key]; t != nil {
		return t
	}
	t := &test{pkg: pkg, name: name}
	s.byKey[key] = t
	s.tests = append(s.tests, t)
	if i := strings.LastIndexByte(name, '/'); i > 0 {
		s.get(pkg, name[:i]).children++
	} else if name != "" {
		s.get(pkg, "").children++
	}
	return t
}

// said is the test's output without what go test puts around it.
func (t *test) said() []string {
	return slices.DeleteFunc(slices.Clone(t.output), func(line string) bool {
		line = strings.TrimSpace(line)
		return line == "" || line == "PASS" || line == "FAIL" || strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ")
	})
}

// reason is what a skipped test said.
func (t *test) reason() string {
	var reasons []string
	for _, line := range t.said() {
		reasons = append(reasons, withoutPlace(strings.TrimSpace(line)))
	}
	return strings.Join(reasons, "; ")
}

// withoutPlace takes "file_test.go:12: " away.
func withoutPlace(line string) string {
	if place, text, ok := strings.Cut(line, ": "); ok && strings.Contains(place, ".go:") {
		return text
	}
	return line
}

func (t *test) String() string {
	pkg := t.pkg[strings.LastIndexByte(t.pkg, '/')+1:]
	if t.name == "" {
		return fmt.Sprintf("package %s", t.pkg)
	}
	return fmt.Sprintf("%s %s", pkg, t.name)
}
