package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Commands are those that a container's labels name; empty: there is none.
type Commands struct {
	Quiesce string // before the freeze
	Release string // undoes Quiesce, and is a success where there is nothing to undo
	Ready   string // succeeds once the service works
}

// Of reads the labels, whose keys are without the prefix lull/. A command that
// cannot be understood is an error.
func Of(labels map[string]string) (Commands, error) {
	c := Commands{Quiesce: labels["quiesce-exec"], Release: labels["release-exec"], Ready: labels["ready-exec"]}
	for _, key := range []string{"quiesce-exec", "release-exec", "ready-exec"} {
		text, said := labels[key]
		if !said {
			continue
		}
		if _, err := Argv(text); err != nil {
			return c, fmt.Errorf("lull/%s=%q: %w", key, text, err)
		}
	}
	return c, nil
}

// Any is true when there is a command to run.
func (c Commands) Any() bool { return c != Commands{} }

// Argv are the words of a command: those of a JSON list, or the line given to
// the container's /bin/sh.
func Argv(text string) ([]string, error) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" {
		return nil, errors.New("the command is empty; leave the label out")
	}
	var words []string
	err := json.Unmarshal([]byte(trimmed), &words)
	switch {
	case err == nil && (len(words) == 0 || words[0] == ""), err != nil && strings.HasPrefix(trimmed, `["`):
		return nil, errors.New(`use a JSON list of words such as ["/app/ctl", "pause"], or a line for /bin/sh`)
	case err == nil:
		return words, nil
	}
	return []string{"/bin/sh", "-c", text}, nil // one may begin with [ too, as the command test
}

// Result is how a command ended.
type Result struct {
	Code      int    // exit code; 128 and the number of a signal
	Stdout    string // its first bytes
	Stderr    string // its first bytes
	Truncated bool   // standard output had more
}

// Runner runs a command inside the container, as its user and with its
// environment, and waits until it has ended and left nothing behind. When ctx
// ends first the command is killed, with everything that it started, and the
// error is ctx's.
type Runner interface {
	Run(ctx context.Context, phase string, argv []string) (Result, error)
}

// The phases, which a command finds in its variable LULL_PHASE.
const (
	PhaseQuiesce  = "quiesce"
	PhaseRelease  = "release"
	PhaseReady    = "ready"
	PhaseValidate = "validate"
)

// maxQuote bounds what an error repeats of a command's output, in bytes.
const maxQuote = 300

// said is the last that a command printed, one bounded line in quotes, or that
// it printed nothing.
func (r Result) said() string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(r.Stderr, "?")), " ")
	if text == "" {
		text = strings.Join(strings.Fields(strings.ToValidUTF8(r.Stdout, "?")), " ")
	}
	switch {
	case text == "":
		return "it printed nothing"
	case len(text) > maxQuote:
		text = "… " + strings.ToValidUTF8(text[len(text)-maxQuote:], "")
	}
	return fmt.Sprintf("it printed %q", text)
}
