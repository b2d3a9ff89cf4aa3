// Skips shows a test run and ends it. It reads what `go test -json` writes,
// from stdin or from the files that it is given, shows packages, slow tests
// and failures as they come, lists what was skipped and why, and closes with
// the line "N passed, N failed, N skipped". It fails when a test or a package
// failed, when no test ran, and when a skip gives no reason.
//
//	go test -json ./... | go run ./test/skips
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
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	forbidden, err := regexp.Compile(*forbid)
	if err != nil {
		return false, err
	}
	if *forbid == "" {
		forbidden = nil
	}
	s := newSummary(out)
	if err := s.readAll(flags.Args(), in); err != nil {
		return false, err
	}
	v := s.verdict(forbidden)
	return v.ok(), v.write(out)
}

func (s *summary) readAll(files []string, in io.Reader) error {
	if len(files) == 0 {
		return s.read(in)
	}
	for _, name := range files {
		if err := s.readFile(name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (s *summary) readFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return s.read(f)
}
