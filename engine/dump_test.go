package engine

import (
	"context"
	"runtime"
	"slices"
	"testing"

	"github.com/lull-containers/lull/internal/config"
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

// Nothing is read for digests before the container runs again, where it is the
// dump that resumes it; and nothing resumes it before it is whole.
func TestResumeComesBeforeTheDigests(t *testing.T) {
	resume := func(context.Context) error { return nil }
	for _, c := range []struct {
		req  Request
		want []string
	}{
		{Request{}, []string{"dump", "pending", "describe", "seal"}},
		{Request{Resume: resume}, []string{"dump", "pending", "resume", "describe", "seal"}},
	} {
		d := &dump{Cut: cut(t, config.Settings{}), req: c.req}
		got := names(d.steps())
		if got = got[slices.Index(got, "dump"):]; !slices.Equal(got, c.want) {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
}
