package main

import (
	"fmt"
	"io"
	"strings"
)

// slow is when a passed test gets a line of its own, in seconds: long runs
// show that they go on, short ones stay short.
const slow = 0.5

// progress shows a run while it goes on: packages, slow tests, skips, and of
// failures everything that they said.
type progress struct{ out io.Writer }

func (p progress) ended(t *test, seconds float64) {
	if t.result == "fail" {
		p.raw(strings.Join(t.said(), ""))
	}
	if t.result == "pass" {
		t.output = nil
	}
	isTest := t.name != ""
	if t.result == "pass" && isTest && seconds < slow || t.result == "skip" && !isTest {
		return // quick, or a package without tests
	}
	fmt.Fprintf(p.out, "%-4s  %s (%.1fs)\n", t.result, t, seconds)
}

func (p progress) raw(text string) {
	if text = strings.TrimRight(text, "\n"); text != "" {
		fmt.Fprintln(p.out, text)
	}
}
