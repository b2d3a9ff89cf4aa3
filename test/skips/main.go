// Skips shows a test run and ends it. It reads what `go test -json` writes
// from stdin, shows packages, slow tests
// and failures as they come, lists what was skipped and why, and closes with
// the line "N passed, N failed, N skipped". It fails when a test or a package
// failed, when no test ran, and when a skip gives no reason.
//
// Tests of the packages that -again names get a second try when they fail, by
// the command behind the flags; those that pass then are listed.
//
//	go test -json ./... | go run ./test/skips -again /e2e go test -json -count=1
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
)

func main() {
	ok, err := run(os.Args[1:], os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "skips:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// run is true when the test run was a success.
func run(args []string, in io.Reader, out io.Writer) (bool, error) {
	flags := flag.NewFlagSet("skips", flag.ContinueOnError)
	forbid := flags.String("forbid", "", "`regexp` of tests that may not be skipped")
	retry := flags.String("again", "", "`regexp` of packages whose failed tests are tried again, by the command that follows")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	forbidden, err := optional(*forbid)
	if err != nil {
		return false, err
	}
	packages, err := optional(*retry)
	if err != nil {
		return false, err
	}
	s := newSummary(out)
	if err := s.read(in); err != nil {
		return false, err
	}
	if err := (again{packages, flags.Args()}).try(s); err != nil {
		return false, err
	}
	v := s.verdict(forbidden)
	return v.ok(), v.write(out)
}

// optional is nil for an expression that was not given.
func optional(expression string) (*regexp.Regexp, error) {
	if expression == "" {
		return nil, nil
	}
	return regexp.Compile(expression)
}
