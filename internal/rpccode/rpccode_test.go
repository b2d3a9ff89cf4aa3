package rpccode_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"google.golang.org/grpc/status"

	"github.com/lull-containers/lull/internal/rpccode"
)

var errPlain = errors.New("volume /var/lib/data was written since the checkpoint")

func TestOf(t *testing.T) {
	drift := rpccode.Wrap(rpccode.Drift, errPlain)
	for _, tc := range []struct {
		name string
		err  error
		code rpccode.Code
		ok   bool
		text string
	}{
		{"nil", nil, "", false, ""},
		{"wrapped nil", rpccode.Wrap(rpccode.Drift, nil), "", false, ""},
		{"no code", errPlain, "", false, errPlain.Error()},
		{"direct", drift, rpccode.Drift, true, errPlain.Error()},
		{"wrapped", fmt.Errorf("start: %w", drift), rpccode.Drift, true, errPlain.Error()},
		{"outermost wins", rpccode.Wrap(rpccode.Host, drift), rpccode.Host, true, errPlain.Error()},
		{"joined", errors.Join(errors.New("undo failed"), drift), rpccode.Drift, true, errPlain.Error()},
		{"as text", errors.New("failed to start task: " + drift.Error()), rpccode.Drift, true, errPlain.Error()},
		{"outermost wins as text", errors.New(rpccode.Wrap(rpccode.Host, drift).Error()), rpccode.Host, true, errPlain.Error()},
		{"unknown code", errors.New("[lull:nonsense] x"), "", false, "[lull:nonsense] x"},
		{"known after unknown", errors.New("[lull:nonsense] [lull:level] y"), rpccode.Level, true, "y"},
		{"not closed", errors.New("[lull:drift"), "", false, "[lull:drift"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, text, ok := rpccode.Split(tc.err)
			if code != tc.code || ok != tc.ok || text != tc.text {
				t.Errorf("got %q %q %v, want %q %q %v", code, text, ok, tc.code, tc.text, tc.ok)
			}
		})
	}
}

// An error goes shim → ttrpc → daemon → gRPC → client: status, native, wrapped, again.
func TestSurvivesTwoHops(t *testing.T) {
	for _, code := range rpccode.All() {
		err := rpccode.Wrap(code, fmt.Errorf("%w: %w", errPlain, errdefs.ErrAlreadyExists))
		for range 2 {
			st, _ := status.FromError(errgrpc.ToGRPC(err))
			err = fmt.Errorf("failed: %w", errgrpc.ToNative(st.Err()))
		}
		if got, ok := rpccode.Of(err); !ok || got != code {
			t.Errorf("%s: got %q, %v from %v", code, got, ok, err)
		}
		if !errdefs.IsFailedPrecondition(err) || errdefs.IsAlreadyExists(err) {
			t.Errorf("%s: class of %v is not FailedPrecondition alone", code, err)
		}
	}
}

func TestUnwraps(t *testing.T) {
	if err := rpccode.Wrap(rpccode.Missing, fs.ErrNotExist); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the wrapped error is lost")
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("rpc error: code = FailedPrecondition desc = [lull:drift] x")
	f.Add("[lull:[lull:level]]")
	f.Fuzz(func(t *testing.T, s string) {
		code, text, ok := rpccode.Split(errors.New(s))
		if ok && !contains(code) {
			t.Errorf("unknown code %q", code)
		}
		if len(text) > len(s) {
			t.Errorf("text grew: %q", text)
		}
	})
}

func contains(c rpccode.Code) bool {
	for _, known := range rpccode.All() {
		if known == c {
			return true
		}
	}
	return false
}
