package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
)

// benches is the list of what is measured, in its order.
func benches() []bench {
	return []bench{
		{"run-nondb", "ctr run --rm of a container without a database", runNonDB},
		{"shim-rss", "resident memory of a database container's shim", shimRSS},
		{"quiesce", "making an idle database quiet", quiesceIdle},
		{"stall", "how long a checkpoint stalls the database", stall},
		{"precopy", "stall, and bytes moved under it, with and without copying volumes before", precopy},
		{"clone", "eight clones of one database, and putting one back", clonesOfOne},
		{"restore", "from ctr containers restore to the first answered query", restore},
	}
}

type bench struct {
	name, about string
	run         func(*T, *Result)
}

func main() {
	only := flag.String("only", ".", "regular expression of the names to run")
	out := flag.String("out", "bench/results", "folder for the results")
	flag.Usage = usage
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := measure(ctx, *only, *out)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func usage() {
	var b strings.Builder
	for _, x := range benches() {
		fmt.Fprintf(&b, "  %-12s %s\n", x.name, x.about)
	}
	fmt.Fprintf(flag.CommandLine.Output(), "usage: bench [-only REGEXP] [-out FOLDER]\n%s", b.String())
	flag.PrintDefaults()
}

// measure runs what is selected; what fails does not stop the others.
func measure(ctx context.Context, only, out string) error {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if err := release(ctx); err != nil {
		return err
	}
	var errs []error
	for _, b := range benches() {
		if pattern.MatchString(b.name) && ctx.Err() == nil {
			errs = append(errs, b.measure(ctx, out))
		}
	}
	return errors.Join(append(errs, ctx.Err())...)
}

func (b bench) measure(ctx context.Context, out string) error {
	r := &Result{Name: b.name, About: b.about}
	if err := run(ctx, b.name, func(t *T) { b.run(t, r) }); err != nil {
		return fmt.Errorf("%s: %w", b.name, err)
	}
	fmt.Fprint(os.Stdout, r.Text())
	return r.write(out)
}
