package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/go-plugins-helpers/authorization"

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
