package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/go-plugins-helpers/authorization"

	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/internal/dockerd"
	"github.com/lull-containers/lull/internal/intent"
	"github.com/lull-containers/lull/plugin/docker"
)

// A configuration that is wrong costs the advice, not dockerd's answer, and is
// read again.
func TestAdviceWithoutAConfiguration(t *testing.T) {
	a := &app{configPath: filepath.Join(t.TempDir(), "config.toml")}
	if err := os.WriteFile(a.configPath, []byte("typo = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	advisors, logged := a.advisors(), ""
	p := docker.Plugin{Advisor: advisors, Patience: time.Minute, Log: func(_ string, args ...any) { logged += args[1].(error).Error() }}
	got := p.AuthZReq(authorization.Request{RequestMethod: "POST", RequestURI: "/containers/pg/checkpoints", RequestBody: []byte("{}")})
	if !got.Allow || !strings.Contains(logged, "unknown key") {
		t.Errorf("%+v; logged %q", got, logged)
	}
	if err := os.Remove(a.configPath); err != nil {
		t.Fatal(err)
	}
	if _, err := advisors(); err != nil {
		t.Error(err)
	}
}

// Advice that comes too late announces nothing: the next pause is another's.
func TestLateAdviceAnnouncesNothing(t *testing.T) {
	d := dockerAdvice{&app{namespace: dockerNamespace}, config.Default()}
	d.cfg.StateDir = t.TempDir()
	f := found{docker: dockerd.Container{ID: "db"}}
	late, cancel := context.WithCancel(t.Context())
	cancel()
	for ctx, want := range map[context.Context]bool{late: false, t.Context(): true} {
		if err := d.announce(ctx, f); (err == nil) != want {
			t.Error(err)
		}
		if _, ok, err := intent.Take(d.cfg.StateDir, dockerNamespace, "db", time.Now()); ok != want || err != nil {
			t.Errorf("announced %v, %v", ok, err)
		}
	}
}
