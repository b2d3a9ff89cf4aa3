package docker

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

// maxFailures in a row without a sign of life, and the supervisor answers
// itself.
const maxFailures = 3

// standInTime is how long it does so before it tries a worker again.
const standInTime = 5 * time.Second

// standIn says yes to everything for a while: there is no worker, and dockerd
// waits without an end.
func (s *Supervisor) standIn(ctx context.Context) {
	s.Log("no plugin can be started: dockerd is told yes to everything until one can")
	ctx, cancel := context.WithTimeout(ctx, standInTime)
	defer cancel()
	l, err := net.FileListener(s.Socket)
	if err != nil {
		s.Log("stand in for the plugin: %v", err)
		return
	}
	server := http.Server{Handler: http.HandlerFunc(allow), ReadHeaderTimeout: s.Within}
	server.SetKeepAlivesEnabled(false) // the next question is the worker's
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(l); ctx.Err() == nil {
		s.Log("stand in for the plugin: %v", err)
	}
}

// allow answers each of dockerd's questions.
func allow(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/vnd.docker.plugins.v1.1+json")
	text := `{"Allow": true}`
	if r.URL.Path == "/Plugin.Activate" {
		text = `{"Implements": ["authz"]}`
	}
	_, _ = io.WriteString(w, text) // dockerd may have left
}
