package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lull-containers/lull/quiesce"
)

// wireError is an error on its way through the pipe.
type wireError struct {
	Classes []string `json:"classes,omitempty"`
	What    string   `json:"what"`
	Remedy  string   `json:"remedy,omitempty"`
}

type class struct {
	name string
	err  error
}

// classes lists every error that keeps its identity through the pipe.
func classes() []class {
	return []class{
		{"not-ready", quiesce.ErrNotReady},
		{"auth", quiesce.ErrAuth},
		{"privilege", quiesce.ErrPrivilege},
		{"busy", quiesce.ErrBusy},
		{"unsupported", quiesce.ErrUnsupported},
		{"fence", quiesce.ErrFence},
		{"in-flight", quiesce.ErrInFlight},
		{"agent", quiesce.ErrAgent},
		{"deadline", context.DeadlineExceeded},
		{"canceled", context.Canceled},
	}
}

// maxText bounds an error's text, in bytes.
const maxText = 4 << 10

// toWire takes err apart; secrets are blotted out of its text.
func toWire(err error, secrets []string) *wireError {
	w := &wireError{What: err.Error()}
	var refusal *quiesce.Refusal
	if errors.As(err, &refusal) && refusal.Error() == err.Error() { // else what wraps it has more to say
		w.What, w.Remedy = refusal.What, refusal.Remedy
	}
	for _, c := range classes() {
		if errors.Is(err, c.err) {
			w.Classes = append(w.Classes, c.name)
		}
	}
	w.What, w.Remedy = blot(w.What, secrets), blot(w.Remedy, secrets)
	return w
}

// blot makes one bounded line of text without any of the secrets.
func blot(text string, secrets []string) string {
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s, "[secret]")
	}
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + " …"
	}
	return text
}

// fromWire puts the error together again, for errors.Is and for people.
func (w *wireError) fromWire() error {
	var known []error
	for _, name := range w.Classes {
		for _, c := range classes() {
			if c.name == name {
				known = append(known, c.err)
			}
		}
	}
	refusal := &quiesce.Refusal{What: w.What, Remedy: w.Remedy}
	switch len(known) {
	case 0:
	case 1:
		refusal.Class = known[0]
	default:
		refusal.Class = errors.Join(known...)
	}
	return refusal
}

// broken is an ErrAgent that keeps what it was caused by.
func broken(what string, cause error) error {
	refusal := &quiesce.Refusal{
		Class:  quiesce.ErrAgent,
		What:   "the agent " + what,
		Remedy: "whatever it held in the database is released; try again, its standard error has more",
	}
	if cause == nil {
		return refusal
	}
	return fmt.Errorf("%w (%w)", refusal, cause)
}
