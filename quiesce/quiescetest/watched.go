package quiescetest

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// watched is a session that fails the test when the password is told.
type watched struct {
	quiesce.Session
	t      *testing.T
	secret string
}

func secret(t quiesce.Target) string {
	if t.Password != "" {
		return t.Password
	}
	for name, value := range t.Env {
		if strings.HasSuffix(name, "PASSWORD") {
			return value
		}
	}
	return ""
}

// look searches an answer and an error for the secret.
func (w *watched) look(answer any, err error) {
	w.t.Helper()
	text, marshalErr := json.Marshal(answer)
	if marshalErr != nil {
		w.t.Error(marshalErr)
	}
	tells(w.t, w.secret, string(text))
	if err != nil {
		tells(w.t, w.secret, err.Error())
	}
}

func tells(t *testing.T, secret, text string) {
	t.Helper()
	if secret == "" {
		t.Fatal("the harness has no password to search for")
	}
	if strings.Contains(text, secret) {
		t.Errorf("the password is told in %q", text)
	}
}

func (w *watched) Preflight(ctx context.Context) (quiesce.Report, error) {
	r, err := w.Session.Preflight(ctx)
	w.look(r, err)
	return r, err
}

func (w *watched) Flush(ctx context.Context) error {
	err := w.Session.Flush(ctx)
	w.look(nil, err)
	return err
}

func (w *watched) Drain(ctx context.Context, wait time.Duration, p quiesce.Policy) (manifest.Transactions, error) {
	r, err := w.Session.Drain(ctx, wait, p)
	w.look(r, err)
	return r, err
}

func (w *watched) Fence(ctx context.Context, hold time.Duration) ([]manifest.Held, error) {
	r, err := w.Session.Fence(ctx, hold)
	w.look(r, err)
	return r, err
}

func (w *watched) Plan(ctx context.Context, fence bool, hold time.Duration) ([]manifest.Held, error) {
	r, err := w.Session.Plan(ctx, fence, hold)
	w.look(r, err)
	return r, err
}

func (w *watched) Release(ctx context.Context, held []manifest.Held) error {
	err := w.Session.Release(ctx, held)
	w.look(nil, err)
	return err
}

func (w *watched) Ping(ctx context.Context) error {
	err := w.Session.Ping(ctx)
	w.look(nil, err)
	return err
}

func (w *watched) Evidence(ctx context.Context) (manifest.Database, error) {
	r, err := w.Session.Evidence(ctx)
	w.look(r, err)
	return r, err
}

func (w *watched) Verify(ctx context.Context, recorded manifest.Database) (quiesce.Verdict, error) {
	r, err := w.Session.Verify(ctx, recorded)
	w.look(r, err)
	return r, err
}
