package main

import (
	"context"
	"errors"

	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"

	"github.com/lull-containers/lull/clone"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/store"
)

// The exit codes. Scripts rely on them: a number never changes its meaning.
const (
	exitOK          = 0
	exitOther       = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitDrift       = 4
	exitManifest    = 5
	exitLives       = 6
	exitDatabase    = 7
	exitHost        = 8
	exitCheckpoint  = 9
	exitRestore     = 10
	exitTimeout     = 11
	exitLevel       = 12
	exitPreflight   = 13
	exitExists      = 14
	exitContainerd  = 15
	exitLineage     = 16
	exitDamaged     = 20
	exitInterrupted = 130
)

type exitCode struct {
	code    int
	meaning string
}

// exitCodes is the table in --help; docs/EXIT_CODES.md repeats it.
var exitCodes = []exitCode{
	{exitOK, "done"},
	{exitOther, "failed for a reason that has no code of its own"},
	{exitUsage, "the command line is wrong"},
	{exitNotFound, "there is no such container, image, folder, namespace or artifact"},
	{exitDrift, "refused: a volume was written since the checkpoint"},
	{exitManifest, "refused: the checkpoint's manifest is missing, pending or poisoned, or something was altered"},
	{exitLives, "refused: a server runs, or is paused, on the same data"},
	{exitDatabase, "the database is not ready or busy, or refused the login or a privilege"},
	{exitHost, "the host cannot do it, or lull is not installed for this container: see lull doctor"},
	{exitCheckpoint, "the checkpoint failed; the container runs as before"},
	{exitRestore, "the restore failed, or what came back is not what was recorded"},
	{exitTimeout, "a deadline ran out"},
	{exitLevel, "refused: the checkpoint would be below the required level"},
	{exitPreflight, "refused: the container holds something that cannot be checkpointed"},
	{exitExists, "the name is taken"},
	{exitContainerd, "containerd does not answer"},
	{exitLineage, "refused: others stand on the database, such as replicas or an archive"},
	{exitDamaged, "the database's own programs found damage in what was captured"},
	{exitInterrupted, "interrupted; what had been begun was taken back"},
}

// codeOf maps an error to its exit code.
func codeOf(ctx context.Context, err error) int {
	var coder exitCoder
	switch {
	case err == nil:
		return exitOK
	case interrupted(ctx, err):
		return exitInterrupted
	case errors.As(err, &coder):
		return coder.ExitCode()
	}
	if code, ok := rpccode.Of(err); ok {
		return codeOfRPC(code)
	}
	return codeOfClass(err)
}

// interrupted tells an end by a signal from a failure that came before it.
func interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, context.Canceled) || errdefs.IsCanceled(errgrpc.ToNative(err)))
}

func codeOfRPC(code rpccode.Code) int {
	switch code {
	case rpccode.Drift:
		return exitDrift
	case rpccode.Altered, rpccode.Pending, rpccode.Missing:
		return exitManifest
	case rpccode.Lineage:
		return exitLineage
	case rpccode.Lives:
		return exitLives
	case rpccode.Database:
		return exitDatabase
	case rpccode.Host:
		return exitHost
	case rpccode.Dump:
		return exitCheckpoint
	case rpccode.Restore, rpccode.Evidence:
		return exitRestore
	case rpccode.Timeout:
		return exitTimeout
	case rpccode.Level:
		return exitLevel
	case rpccode.Preflight:
		return exitPreflight
	}
	return exitOther
}

// classes are the errors of other packages that have a code, first match wins.
var classes = []struct {
	code   int
	errors []error
}{
	{exitManifest, []error{manifest.ErrMissing, manifest.ErrPending, manifest.ErrPoisoned, manifest.ErrAltered,
		manifest.ErrSchema, store.ErrNoCheckpoint, store.ErrIncomplete}},
	{exitDatabase, []error{quiesce.ErrNotReady, quiesce.ErrAuth, quiesce.ErrPrivilege, quiesce.ErrBusy}},
	{exitHost, []error{clone.ErrNoCopy, clone.ErrNetwork}},
	{exitNotFound, []error{errdefs.ErrNotFound}},
	{exitExists, []error{errdefs.ErrAlreadyExists, clone.ErrExists}},
	{exitTimeout, []error{context.DeadlineExceeded}},
}

func codeOfClass(err error) int {
	for _, c := range classes {
		for _, class := range c.errors {
			if errors.Is(err, class) {
				return c.code
			}
		}
	}
	return exitOther
}
