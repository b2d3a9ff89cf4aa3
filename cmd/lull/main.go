// Command lull checkpoints, restores and looks after database containers.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main without the process. Interrupts cancel the context; whatever has
// to be taken back then is taken back before run returns.
func run(args []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	defer stop()
	a := &app{in: in, out: out, errOut: errOut, outTTY: isTerminal(out), errTTY: isTerminal(errOut)}
	root := newRoot(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if text := explain(ctx, err); text != "" {
		fmt.Fprintln(errOut, "lull:", text)
	}
	return codeOf(ctx, err)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
