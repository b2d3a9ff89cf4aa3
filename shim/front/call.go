// Package front decides, in a fraction of a millisecond, which shim serves a
// container: lull's or the stock one. It runs before every container that a
// host starts, so it imports next to nothing.
package front

import (
	"flag"
	"io"
	"path/filepath"
)

// Call is how containerd called the shim.
type Call struct {
	Action  string // start, delete; empty: serve
	Address string // of containerd
	bundle  string
	id      string
	info    bool
	broken  bool // flags of a containerd that this build does not know
}

// Parse reads the flags that containerd's shims have in common; the real
// parsing is the shim package's.
func Parse(args []string) Call {
	var c Call
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&c.bundle, "bundle", ".", "")
	f.StringVar(&c.Address, "address", "", "")
	f.StringVar(&c.id, "id", "", "")
	f.BoolVar(&c.info, "info", false, "")
	for _, name := range []string{"debug", "v"} {
		f.Bool(name, false, "")
	}
	for _, name := range []string{"namespace", "socket", "debug-socket", "publish-binary"} {
		f.String(name, "", "")
	}
	c.broken = f.Parse(args[1:]) != nil
	c.Action = f.Arg(0)
	return c
}

// Stock tells whether the stock shim serves this call: it does for every
// container whose bundle shows no database.
func (c Call) Stock() bool {
	switch {
	case c.broken, c.info:
		return true
	case c.Action == "start":
		return !take(c.bundle, c.id)
	case c.Action == "delete":
		return !taken(filepath.Clean(c.bundle))
	}
	return false
}
