package front

import (
	"os"
	"path/filepath"
	"testing"
)

// bundle makes a bundle with this spec; empty makes none.
func bundle(t *testing.T, spec string) string {
	t.Helper()
	dir := t.TempDir()
	if spec != "" {
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(spec), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestWhoServes(t *testing.T) {
	tests := []struct {
		name, spec string
		ours       bool
	}{
		{"a web server", `{"process":{"args":["nginx"]}}`, false},
		{"postgres by its arguments", `{"process":{"args":["docker-entrypoint.sh","postgres"]}}`, true},
		{"by annotation", `{"annotations":{"lull/engine":"redis"},"process":{"args":["/start"]}}`, true},
		{"switched off", `{"annotations":{"lull/engine":"none"},"process":{"args":["postgres"]}}`, false},
		{"a wrong engine, so that Create can say so", `{"annotations":{"lull/engine":"oracle"}}`, true},
		{"a CRI sandbox", `{"annotations":{"io.kubernetes.cri.container-type":"sandbox"}}`, true},
		{"a client with a password", `{"process":{"args":["node"],"env":["POSTGRES_PASSWORD=x"]}}`, false},
		{"no process", `{}`, false},
		{"no spec", ``, false},
		{"nonsense", `{`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := bundle(t, tt.spec)
			start := Parse([]string{"shim", "-namespace", "n", "-id", "i", "-address", "a", "-bundle", dir, "start"})
			if got := !start.Stock(); got != tt.ours {
				t.Errorf("start: ours is %v", got)
			}
			del := Parse([]string{"shim", "-namespace", "n", "-id", "i", "-bundle", dir, "delete"})
			if got := !del.Stock(); got != tt.ours {
				t.Errorf("delete goes another way than start: ours is %v", got)
			}
		})
	}
}

func TestParse(t *testing.T) {
	c := Parse([]string{"shim", "-namespace", "n", "-id", "i", "-address", "/run/c.sock", "-debug"})
	if c.Action != "" || c.Address != "/run/c.sock" || c.Stock() {
		t.Errorf("to serve is not for the stock shim: %+v", c)
	}
	if c := Parse([]string{"shim", "-info"}); !c.Stock() {
		t.Errorf("the stock shim answers for its options: %+v", c)
	}
	if c := Parse([]string{"shim", "-unheard-of", "start"}); !c.Stock() {
		t.Errorf("flags of another containerd: %+v", c)
	}
}

func TestStock(t *testing.T) {
	dir := t.TempDir()
	stock := filepath.Join(dir, stockName)
	if err := os.WriteFile(stock, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(empty, stockName)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", empty+":"+dir)
	if got := Stock(""); got != stock {
		t.Errorf("along PATH, but never this program itself: %q", got)
	}
	if got := Stock("/nowhere/shim"); got != stock {
		t.Errorf("a configured path that is gone: %q", got)
	}
	t.Setenv(handedOver, "1")
	if got := Stock(""); got != "" {
		t.Errorf("a search that came back: %q", got)
	}
}
