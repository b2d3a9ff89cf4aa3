package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// again gives tests that failed a second try. End-to-end tests run real engines
// on machines with other work; what passes then is listed, not hidden.
type again struct {
	packages *regexp.Regexp // whose tests are tried again; nil: none
	command  []string       // go test and its flags, without -run and package
}

// mostTries bounds second tries: more failures than these are no accident.
const mostTries = 12

// try runs the failed tests once more and reads how they end.
func (a again) try(s *summary) error {
	chosen := a.chosen(s)
	if len(chosen) > mostTries {
		fmt.Fprintf(s.progress.out, "%d tests failed, too many for a second try\n", len(chosen))
		return nil
	}
	for _, t := range chosen {
		fmt.Fprintf(s.progress.out, "again %s\n", t)
		s.forget(t)
		if err := a.run(s, t); err != nil {
			return err
		}
	}
	return nil
}

// chosen are the failed tests, subtests of the first level where there are
// any. A package that was cut off is none of them: what it never ran would
// be lost.
func (a again) chosen(s *summary) (chosen []*test) {
	if a.packages == nil {
		return nil
	}
	for _, t := range s.failures() {
		if t.name == "" || !a.packages.MatchString(t.pkg) || s.cutOff(t.pkg) {
			continue
		}
		if top := s.byKey[t.pkg+" "+firstTwo(t.name)]; !slices.Contains(chosen, top) {
			chosen = append(chosen, top)
		}
	}
	return chosen
}

// cutOff tells whether a package panicked or ended in the middle of a test.
func (s *summary) cutOff(pkg string) bool {
	return slices.ContainsFunc(s.tests, func(t *test) bool {
		panicked := slices.ContainsFunc(t.output, func(line string) bool { return strings.HasPrefix(line, "panic: ") })
		return t.pkg == pkg && (panicked || t.began && t.result == "")
	})
}

// firstTwo is the name of a test, or of its subtest.
func firstTwo(name string) string {
	parts := strings.SplitN(name, "/", 3)
	return strings.Join(parts[:min(len(parts), 2)], "/")
}

// run takes no notice of how go test exits: its events tell.
func (a again) run(s *summary, t *test) error {
	args := append(slices.Clone(a.command[1:]), "-run", pattern(t.name), t.pkg)
	cmd := exec.Command(a.command[0], args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = s.read(out)
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait()
	return err
}

// pattern matches one test, element by element as -run wants it.
func pattern(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

// forget takes away how a test, its subtests, and what is above it ended: the
// second try brings it anew.
func (s *summary) forget(t *test) {
	t.again, t.first = true, s.complaint(t)
	for _, other := range s.tests {
		if other.pkg == t.pkg && strings.HasPrefix(other.name+"/", t.name+"/") {
			other.result, other.output, other.began = "", nil, other == t
		}
	}
	for p := s.parent(t); p != nil; p = s.parent(p) {
		p.result, p.output = "", nil
	}
}

// complaint is the last word of the first test, of t and what is below it, that
// failed: its output is far up in a long run, and a second try hides the cause.
func (s *summary) complaint(t *test) (text string) {
	for _, f := range s.failures() {
		if f.pkg != t.pkg || !strings.HasPrefix(f.name+"/", t.name+"/") {
			continue
		}
		for _, line := range f.said() {
			if told.MatchString(line) && !logged.MatchString(line) {
				text = strings.TrimSpace(strings.TrimPrefix(f.name, t.name) + " " + strings.TrimSpace(line))
			}
		}
		break
	}
	return text[:min(len(text), 300)]
}

// told is a test's own line, and logged one of a log that it shows at its end.
var (
	told   = regexp.MustCompile(`^\s+\w+\.go:\d+: `)
	logged = regexp.MustCompile(`^\s+logs\.go:\d+: `)
)
