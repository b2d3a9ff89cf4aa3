package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/store"
)

func TestCodeOf(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  error
		want int
	}{
		{"nil", nil, exitOK},
		{"plain", errBoom, exitOther},
		{"usage", fail(exitUsage, "", "x"), exitUsage},
		{"wrapped", fmt.Errorf("open: %w", fail(exitLives, "", "x")), exitLives},
		{"joined with an undo", errors.Join(fail(exitDrift, "", "x"), errBoom), exitDrift},
		{"only a code", exitStatus(exitHost), exitHost},
		{"as text", errors.New("rpc error: [lull:drift] volume x"), exitDrift},
		{"over gRPC", status.Error(codes.FailedPrecondition, "[lull:lives] x"), exitLives},
		{"a code beats a class", rpccode.Wrap(rpccode.Host, errdefs.ErrNotFound), exitHost},
		{"not found", fmt.Errorf("x: %w", errdefs.ErrNotFound), exitNotFound},
		{"exists", errdefs.ErrAlreadyExists, exitExists},
		{"deadline", fmt.Errorf("x: %w", context.DeadlineExceeded), exitTimeout},
		{"pending", &manifest.Refusal{Class: manifest.ErrPending}, exitManifest},
		{"poisoned", manifest.ErrPoisoned, exitManifest},
		{"altered", manifest.ErrAltered, exitManifest},
		{"missing", manifest.ErrMissing, exitManifest},
		{"schema", manifest.ErrSchema, exitManifest},
		{"no checkpoint", store.ErrNoCheckpoint, exitManifest},
		{"busy", &quiesce.Refusal{Class: quiesce.ErrBusy}, exitDatabase},
		{"cancelled by nobody", context.Canceled, exitOther},
	} {
		if got := codeOf(t.Context(), tc.err); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestCodeOfInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tc := range []struct {
		err  error
		want int
	}{
		{nil, exitOK},
		{ctx.Err(), exitInterrupted},
		{fmt.Errorf("dump: %w", ctx.Err()), exitInterrupted},
		{status.Error(codes.Canceled, "context canceled"), exitInterrupted},
		{rpccode.Wrap(rpccode.Drift, errBoom), exitDrift}, // came before the signal
	} {
		if got := codeOf(ctx, tc.err); got != tc.want {
			t.Errorf("%v: %d, want %d", tc.err, got, tc.want)
		}
	}
}

// A code that the shim sends must mean something to a script.
func TestEveryRPCCodeHasAnExitCode(t *testing.T) {
	for _, c := range rpccode.All() {
		if codeOfRPC(c) == exitOther {
			t.Errorf("%s has none", c)
		}
	}
}

func TestExplainIsOneLine(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{exitStatus(8), ""},
		{errors.Join(errBoom, errors.New("undo of x: y")), "boom; undo of x: y"},
		{status.Error(codes.FailedPrecondition, "start: [lull:drift] volume x was written; put it back"), "volume x was written; put it back"},
		{fail(exitLives, "stop it", "it runs"), "it runs; stop it"},
		{errors.New("a\x1b[31m\tb"), "a?[31m b"},
	} {
		if got := explain(t.Context(), tc.err); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}

func TestExitCodesAreDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../docs/EXIT_CODES.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, c := range exitCodes {
		if seen[c.code] {
			t.Errorf("%d comes twice", c.code)
		}
		seen[c.code] = true
		if row := fmt.Sprintf("| %d | %s |", c.code, c.meaning); !strings.Contains(string(raw), row) {
			t.Errorf("docs/EXIT_CODES.md has no row %q", row)
		}
	}
	for _, c := range rpccode.All() {
		if row := fmt.Sprintf("| `[lull:%s]` | %d |", c, codeOfRPC(c)); !strings.Contains(string(raw), row) {
			t.Errorf("docs/EXIT_CODES.md has no row %q", row)
		}
	}
}
