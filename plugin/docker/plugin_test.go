package docker

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docker/go-plugins-helpers/authorization"
)

func TestRead(t *testing.T) {
	const body = `{"CheckpointID":"cut","CheckpointDir":"","Exit":true}`
	tests := []struct {
		method, uri, body string
		want              call
	}{
		{"POST", "/v1.47/containers/pg/checkpoints", body, call{checkpoint, Call{Container: "pg", Checkpoint: "cut", Exit: true}}},
		{"POST", "/containers/pg/checkpoints", body, call{checkpoint, Call{Container: "pg", Checkpoint: "cut", Exit: true}}},
		{"POST", "/v1.47/containers/pg/start?checkpoint=cut&checkpoint-dir=/x", "", call{restore, Call{Container: "pg", Checkpoint: "cut", Folder: "/x"}}},
		{"POST", "/v1.47/containers/pg/start", "", call{start, Call{Container: "pg"}}},
		{"DELETE", "/v1.47/containers/pg?force=1", "", call{remove, Call{Container: "pg"}}},
		{"POST", "/v1.47/containers/prune?filters=%7B%7D", "", call{verb: prune}},
		{"DELETE", "/v1.47/containers/prune", "", call{remove, Call{Container: "prune"}}},
		{"DELETE", "/v1.47/containers/pg/checkpoints/cut", "", call{}},
		{"GET", "/v1.47/containers/pg/checkpoints", "", call{other, Call{Container: "pg"}}},
		{"POST", "/v1.47/containers/pg/checkpoints", "{", call{other, Call{Container: "pg"}}},
		{"GET", "/_ping", "", call{}},
		{"POST", "/v1.47/containers/create?name=start", "", call{other, Call{Container: "create"}}},
		{"POST", "://", "", call{}},
		{"POST", "/v1.47/containers/%zz/start", "", call{}},
	}
	for _, tt := range tests {
		if got := read(tt.method, tt.uri, []byte(tt.body)); got != tt.want {
			t.Errorf("%s %s: %+v", tt.method, tt.uri, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("POST", "/v1.47/containers/pg/checkpoints", `{"CheckpointID":"cut"}`)
	f.Add("POST", "/containers/a%2fb/start?checkpoint=%00", "")
	f.Fuzz(func(t *testing.T, method, uri, body string) {
		c := read(method, uri, []byte(body))
		if c.verb != other && c.verb != prune && c.Container == "" {
			t.Errorf("%s %q: a call for nobody: %+v", method, uri, c)
		}
	})
}

// says is an Advisor that gives one answer to everything.
type says func(context.Context) error

func (s says) advisor() (Advisor, error) { return s, nil }

func (s says) BeforeCheckpoint(ctx context.Context, _ Call) error { return s(ctx) }
func (s says) AfterCheckpoint(ctx context.Context, _ Call) error  { return s(ctx) }
func (s says) BeforeRestore(ctx context.Context, _ Call) error    { return s(ctx) }
func (s says) AfterStart(ctx context.Context, _ Call) error       { return s(ctx) }
func (s says) BeforeRemove(ctx context.Context, _ Call) error     { return s(ctx) }
func (s says) BeforePrune(ctx context.Context, _ Call) error      { return s(ctx) }

// A removal whose save takes long must wait: what is saved would go with it.
func TestRemovalWaitsForItsSave(t *testing.T) {
	forever := make(chan struct{})
	defer close(forever)
	p := &Plugin{Advisor: says(func(context.Context) error { <-forever; return nil }).advisor, Patience: time.Millisecond}
	for _, r := range []authorization.Request{
		{RequestMethod: "DELETE", RequestURI: "/containers/pg"},
		{RequestMethod: "POST", RequestURI: "/containers/prune"},
	} {
		if got := p.AuthZReq(r); got.Allow || !strings.Contains(got.Msg, "repeat") {
			t.Errorf("%s: %+v", r.RequestMethod, got)
		}
	}
}

// A start's answer does not wait for what is only logged.
func TestAStartDoesNotWait(t *testing.T) {
	forever := make(chan struct{})
	defer close(forever)
	p := &Plugin{Advisor: says(func(context.Context) error { <-forever; return nil }).advisor, Patience: time.Hour}
	if got := p.AuthZRes(authorization.Request{RequestMethod: "POST", RequestURI: "/containers/pg/start"}); !got.Allow {
		t.Errorf("%+v", got)
	}
}

func TestAnswers(t *testing.T) {
	forever := make(chan struct{})
	defer close(forever)
	tests := map[string]struct {
		advice says
		allow  bool
		logged string
	}{
		"content":     {func(context.Context) error { return nil }, true, ""},
		"refuses":     {func(context.Context) error { return &Refusal{"no;\ndo this"} }, false, ""},
		"fails":       {func(context.Context) error { return errors.New("broken") }, true, "broken"},
		"panics":      {func(context.Context) error { panic("broken") }, true, "broken"},
		"hangs":       {func(context.Context) error { <-forever; return nil }, true, "no answer"},
		"is too late": {func(ctx context.Context) error { <-ctx.Done(); return &Refusal{"late"} }, true, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var logged strings.Builder
			p := &Plugin{Advisor: tt.advice.advisor, Patience: 50 * time.Millisecond, Log: func(f string, args ...any) { logged.WriteString(f + strings.TrimSpace(errText(args))) }}
			r := authorization.Request{RequestMethod: "POST", RequestURI: "/containers/pg/start?checkpoint=cut"}
			got := p.AuthZReq(r)
			if name != "is too late" && got.Allow != tt.allow || strings.Contains(got.Msg, "\n") {
				t.Errorf("request: %+v", got)
			}
			if !tt.allow && got.Msg != "no;; do this" {
				t.Errorf("message %q", got.Msg)
			}
			if !strings.Contains(logged.String(), tt.logged) {
				t.Errorf("logged %q", logged.String())
			}
			if got := p.AuthZRes(r); !got.Allow {
				t.Errorf("response: %+v", got)
			}
			if got := p.AuthZReq(authorization.Request{RequestMethod: "GET", RequestURI: "/info"}); !got.Allow {
				t.Errorf("nothing of lull's: %+v", got)
			}
		})
	}
}

func errText(args []any) string {
	for _, a := range args {
		if err, ok := a.(error); ok {
			return err.Error()
		}
	}
	return ""
}
