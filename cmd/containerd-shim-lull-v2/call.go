package main

import (
	"flag"
	"io"
	"path/filepath"

	"github.com/lull-containers/lull/shim/claim"
)

// call is how containerd called the shim.
type call struct {
	action    string // start, delete; empty: serve
	namespace string
	id        string
	bundle    string
	address   string
	info      bool
	broken    bool // flags of a containerd that this build does not know
}

// parse reads the flags that containerd's shims have in common; the real
// parsing is the shim package's.
func parse(args []string) call {
	var c call
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&c.namespace, "namespace", "", "")
	f.StringVar(&c.id, "id", "", "")
	f.StringVar(&c.bundle, "bundle", ".", "")
	f.StringVar(&c.address, "address", "", "")
	f.BoolVar(&c.info, "info", false, "")
	for _, name := range []string{"debug", "v"} {
		f.Bool(name, false, "")
	}
	for _, name := range []string{"socket", "debug-socket", "publish-binary"} {
		f.String(name, "", "")
	}
	c.broken = f.Parse(args[1:]) != nil
	c.action = f.Arg(0)
	return c
}

// stock tells whether the stock shim serves this call: it does for every
// container whose bundle shows no database.
func (c call) stock() bool {
	switch {
	case c.broken, c.info:
		return true
	case c.action == "start":
		return !claim.Take(c.bundle, c.namespace, c.id, c.address)
	case c.action == "delete":
		return !claim.Taken(filepath.Clean(c.bundle))
	}
	return false
}
