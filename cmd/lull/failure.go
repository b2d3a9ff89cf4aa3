package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/lull-containers/lull/internal/rpccode"
)

// exitCoder is an error that knows its exit code.
type exitCoder interface{ ExitCode() int }

// failure is an error with an exit code and, maybe, a remedy.
type failure struct {
	code   int
	err    error
	remedy string
}

func (f *failure) Error() string {
	if f.remedy == "" {
		return f.err.Error()
	}
	return f.err.Error() + "; " + f.remedy
}

func (f *failure) Unwrap() error { return f.err }
func (f *failure) ExitCode() int { return f.code }

// fail makes a failure; the error is one line, the remedy may be empty.
func fail(code int, remedy string, format string, args ...any) error {
	return &failure{code: code, err: fmt.Errorf(format, args...), remedy: remedy}
}

// withRemedy adds what to do to an error that keeps its code.
func withRemedy(err error, remedy string) error {
	if remedy == "" {
		return err
	}
	return fmt.Errorf("%w; %s", err, remedy)
}

// exitStatus is an exit code without anything more to say.
type exitStatus int

func (s exitStatus) Error() string { return "" }
func (s exitStatus) ExitCode() int { return int(s) }

// explain is the one line that an error gets; empty when there is nothing to say.
func explain(ctx context.Context, err error) string {
	if err == nil {
		return ""
	}
	_, text, _ := rpccode.Split(err)
	text = harmless(strings.Join(strings.Fields(strings.ReplaceAll(text, "\n", "; ")), " "))
	if interrupted(ctx, err) && text != "" {
		return "interrupted: " + text
	}
	return text
}
