package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// verdict is what is said of a run.
type verdict struct {
	passed  int
	skipped []string // test and reason
	failed  []string // test and, where it is not plain, why
	again   []string // what passed only at the second try, and what it said at the first
}

// verdict counts leaves: a test with subtests counts only where its subtests
// do not explain how it ended.
func (s *summary) verdict(forbidden *regexp.Regexp) verdict {
	var v verdict
	for _, t := range s.failures() {
		v.fail(t)
	}
	for _, t := range s.tests {
		switch {
		case t.result == "skip" && t.name != "":
			v.skip(t, forbidden)
		case t.result == "pass" && t.children == 0 && t.name != "":
			v.passed++
		}
		if t.again && t.result == "pass" {
			v.again = append(v.again, strings.TrimSuffix(t.String()+": "+t.first, ": "))
		}
	}
	return v
}

// failures are the tests and packages that failed or never ended, without
// those that what is below them explains.
func (s *summary) failures() (failed []*test) {
	explained := s.explained()
	for _, t := range s.tests {
		if t.lost() && !explained[t] {
			failed = append(failed, t)
		}
	}
	return failed
}

// lost tells whether a test failed; one that failed first and was skipped then
// did.
func (t *test) lost() bool {
	return t.result == "fail" || t.result == "" && t.began || t.again && t.result == "skip"
}

func (v *verdict) fail(t *test) {
	why := map[string]string{"": ": it never ended", "skip": ": failed, then skipped"}
	v.failed = append(v.failed, t.String()+why[t.result])
}

// explained marks every test and package with something below it that failed
// or never ended.
func (s *summary) explained() map[*test]bool {
	up := map[*test]bool{}
	for _, t := range s.tests {
		if t.lost() {
			for p := s.parent(t); p != nil; p = s.parent(p) {
				up[p] = true
			}
		}
	}
	return up
}

func (s *summary) parent(t *test) *test {
	if t.name == "" {
		return nil
	}
	i := max(strings.LastIndexByte(t.name, '/'), 0)
	return s.byKey[t.pkg+" "+t.name[:i]]
}

func (v *verdict) skip(t *test, forbidden *regexp.Regexp) {
	reason := t.reason()
	v.skipped = append(v.skipped, fmt.Sprintf("%s: %s", t, cmp.Or(reason, "no reason given")))
	switch {
	case reason == "":
		v.failed = append(v.failed, t.String()+": skipped without a reason")
	case forbidden != nil && forbidden.MatchString(t.name):
		v.failed = append(v.failed, t.String()+": skipped, but it may not be")
	}
}

// ok is true when something ran and nothing failed.
func (v verdict) ok() bool { return len(v.failed) == 0 && v.passed > 0 }

func (v verdict) write(out io.Writer) error {
	var b bytes.Buffer
	list(&b, "skipped", v.skipped)
	list(&b, "passed only at the second try", v.again)
	list(&b, "failed", v.failed)
	if v.passed+len(v.failed)+len(v.skipped) == 0 {
		fmt.Fprintln(&b, "no test ran: the selection matches none")
	} else if v.passed == 0 && len(v.failed) == 0 {
		fmt.Fprintln(&b, "no test ran: all were skipped")
	}
	fmt.Fprintf(&b, "%d passed, %d failed, %d skipped\n", v.passed, len(v.failed), len(v.skipped))
	_, err := out.Write(b.Bytes())
	return err
}

func list(b *bytes.Buffer, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "%s:\n", title)
	for _, l := range lines {
		fmt.Fprintf(b, "  %s\n", l)
	}
}
