package criu

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

// The names that runc gives CRIU's logs in its work folder.
const (
	DumpLog    = "dump.log"
	RestoreLog = "restore.log"
)

// mostReasons of a log are told: CRIU's first error is the cause, what follows
// is mostly the way out.
const mostReasons = 3

// Explain adds to the error of a dump or restore what CRIU wrote into its log,
// which runc names but does not quote and which may be gone by the time that
// somebody looks, and the remedy where one is known. A log that cannot be read
// or has no error in it leaves err as it is.
func Explain(err error, log string) error {
	if err == nil {
		return nil
	}
	f, openErr := os.Open(log)
	if openErr != nil {
		return err
	}
	defer f.Close()
	reasons, readErr := Reasons(f)
	if len(reasons) == 0 || readErr != nil {
		return err
	}
	return fmt.Errorf("%w: CRIU says: %s%s", err, strings.Join(reasons, "; "), remedy(reasons))
}

// errorLine is "(00.012345) 17: Error (criu/sk-inet.c:189): text".
var errorLine = regexp.MustCompile(`\bError \([^)]*\): (.*)`)

// Reasons are the first errors of one of CRIU's logs, without their places.
func Reasons(log io.Reader) (reasons []string, err error) {
	for lines := bufio.NewReader(log); len(reasons) < mostReasons; {
		line, more, err := lines.ReadLine() // what is too long comes in parts, and only the first counts
		if errors.Is(err, io.EOF) {
			return reasons, nil
		}
		if err != nil {
			return reasons, err
		}
		if m := errorLine.FindSubmatch(line); m != nil {
			reasons = appendNew(reasons, oneLine(string(m[1])))
		}
		for more && err == nil {
			_, more, err = lines.ReadLine()
		}
	}
	return reasons, nil
}

func appendNew(reasons []string, text string) []string {
	if text == "" || slices.Contains(reasons, text) {
		return reasons
	}
	return append(reasons, text)
}

// longestReason in characters: an error message is one line for a person.
const longestReason = 200

// oneLine is text without control characters, bounded.
func oneLine(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
	if len(text) > longestReason {
		text = strings.ToValidUTF8(text[:longestReason], "") + "…"
	}
	return strings.ToValidUTF8(text, "?")
}

// remedies for what CRIU is known to say.
var remedies = []struct{ says, remedy string }{
	{"Can't get 1:16 opt", "kernels from 6.16 on need CRIU 4.2 or newer"},
	{"Unexpected rt vDSO area bounds", "this CRIU is too old for the kernel"},
	{"Can't get rlimit", "the container's runtime lacks CAP_SYS_RESOURCE"},
	{"io_uring", "io_uring cannot be dumped; turn it off in the database"},
	{"No space left on device", "make room where the checkpoint is written"},
	{"Can't dump ghost file", "a file that is open but deleted is too large for a checkpoint; wait until it is closed"},
	{"external socket is used", "a unix socket reaches out of the container; close it"},
	{"Can't lookup mount", "an open file lies on a mount that is hidden in the container"},
	{"Failed to create shm set: File exists", "System V memory of the ended server is still in the IPC namespace that it shares; restart the container that it shares it with"},
	{"Network is unreachable", "the loopback device is down in the restored network namespace"},
}

func remedy(reasons []string) string {
	for _, r := range remedies {
		if slices.ContainsFunc(reasons, func(said string) bool { return strings.Contains(said, r.says) }) {
			return " (" + r.remedy + ")"
		}
	}
	return ""
}
