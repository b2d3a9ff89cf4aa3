package engine

import (
	"context"
	"runtime"
	"testing"
)

// ending is a Dumper that calls back when it would end the container.
type ending func()

func (e ending) Dump(context.Context) error { e(); return nil }

// What is known of the host through a process is asked while there is one.
func TestTheHostIsKnownBeforeTheDump(t *testing.T) {
	k := aioCut(t, nil)
	k.c.Tools = func() Tools { return Tools{CRIU: "4.2"} }
	d := &dump{Cut: k, req: Request{Dir: t.TempDir(), Work: t.TempDir(), Exit: true}}
	dumped := false
	d.by = ending(func() { dumped = d.host.Arch == runtime.GOARCH && d.host.CRIU == "4.2" })
	if err := d.dump(t.Context()); err != nil || !dumped {
		t.Errorf("%v, %+v", err, d.host)
	}
}
