// Package rpccode carries the reason of a refusal across an RPC. Between a
// shim and its clients an error is a class and a text; the class is too coarse
// to tell a changed volume from an altered image, so the text starts with a
// stable code in brackets: "[lull:drift] volume /var/lib/… was written …".
package rpccode

import (
	"errors"
	"slices"
	"strings"
)

// Code is the reason of a refusal or failure. Codes are part of the interface:
// scripts may look for them in logs.
type Code string

// The codes of a restore.
const (
	Drift    Code = "drift"    // a volume was written since the checkpoint
	Altered  Code = "altered"  // the image or its manifest is not what was sealed
	Pending  Code = "pending"  // the manifest was never sealed, or is poisoned
	Missing  Code = "missing"  // there is no manifest
	Lives    Code = "lives"    // a server runs, or is paused, on the same data folder
	Evidence Code = "evidence" // the restored database is not what was recorded
	Restore  Code = "restore"  // runc or CRIU could not restore
	Lineage  Code = "lineage"  // replicas, an upstream, an archive would be parted from it
)

// The codes of a checkpoint.
const (
	Level     Code = "level"     // the level that was reached is below the one required
	Preflight Code = "preflight" // something that cannot be checkpointed was found
	Database  Code = "database"  // not ready, busy, or a privilege is missing
	Dump      Code = "dump"      // runc or CRIU could not dump
)

// The codes of both.
const (
	Host    Code = "host"    // this host cannot do it
	Timeout Code = "timeout" // a deadline of lull's ran out
)

var all = []Code{
	Drift, Altered, Pending, Missing, Lives, Evidence, Restore, Lineage,
	Level, Preflight, Database, Dump, Host, Timeout,
}

// All lists the codes.
func All() []Code { return slices.Clone(all) }

// Error is an error with a code. Its RPC class is FailedPrecondition, whatever
// it wraps: a client must never take a refusal for AlreadyExists or NotFound.
type Error struct {
	Code Code
	Err  error
}

// Error is the text that crosses the RPC.
func (e *Error) Error() string { return bracket(e.Code) + " " + e.Err.Error() }

// Is and As look into the wrapped error. There is no Unwrap on purpose: the RPC
// layer would walk down it and send the classes inside along.
func (e *Error) Is(target error) bool { return errors.Is(e.Err, target) }

// As is the second half of Is.
func (e *Error) As(target any) bool { return errors.As(e.Err, target) }

// FailedPrecondition marks the class for github.com/containerd/errdefs.
func (e *Error) FailedPrecondition() {}

// Wrap gives err a code; the outermost code of an error is the one that
// counts. A nil err stays nil.
func Wrap(code Code, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Code: code, Err: err}
}

// Of finds the code of err, here or on the far side of an RPC.
func Of(err error) (Code, bool) {
	code, _, ok := Split(err)
	return code, ok
}

// Split gives the code of err and its text without what the transport and the
// daemon put before the code.
func Split(err error) (code Code, text string, ok bool) {
	if err == nil {
		return "", "", false
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code, Plain(e.Err.Error()), true
	}
	return parse(err.Error())
}

func parse(s string) (Code, string, bool) {
	for rest := s; ; {
		_, after, found := strings.Cut(rest, prefix)
		if !found {
			return "", s, false
		}
		if word, text, closed := strings.Cut(after, "]"); closed && slices.Contains(all, Code(word)) {
			return Code(word), Plain(text), true
		}
		rest = after
	}
}

// Plain removes the codes that wrapped errors further in still carry.
func Plain(text string) string {
	for _, c := range all {
		text = strings.ReplaceAll(text, bracket(c)+" ", "")
	}
	return strings.TrimSpace(text)
}

const prefix = "[lull:"

func bracket(c Code) string { return prefix + string(c) + "]" }
