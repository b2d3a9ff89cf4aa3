package docker

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/go-plugins-helpers/authorization"
)

// Where no worker can be started dockerd has its answer all the same: nothing
// else would ever come from the socket.
func TestStandsInForAWorkerThatCannotStart(t *testing.T) {
	for name, program := range map[string]string{"it dies at once": "false", "it is gone": "/nowhere/lull"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := supervisor(t, program)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- s.Run(ctx) }()
			if got := post(t, s, authorization.AuthZApiRequest); !strings.Contains(got, `"Allow": true`) {
				t.Errorf("a request: %s", got)
			}
			if got := post(t, s, "Plugin.Activate"); !strings.Contains(got, authorization.AuthZApiImplements) {
				t.Errorf("its first question: %s", got)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

// supervisor of a program that serves nothing.
func supervisor(t *testing.T, program string) *Supervisor {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lull.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	file, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return &Supervisor{
		Socket: file, Address: path, Every: time.Hour, Within: time.Minute, Log: t.Logf,
		Command: func() *exec.Cmd { return exec.Command(program) },
	}
}

// post asks as dockerd does: without an end.
func post(t *testing.T, s *Supervisor, what string) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DialContext: s.dial}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://plugin/"+what, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for {
		resp, err := client.Do(r.Clone(t.Context()))
		if err != nil {
			time.Sleep(10 * time.Millisecond) // between two who answer; dockerd repeats too
			continue
		}
		text, err := io.ReadAll(resp.Body)
		if err = errors.Join(err, resp.Body.Close()); err != nil {
			t.Error(err)
		}
		return string(text)
	}
}
