package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
)

// answer prints a command's answer: as JSON, or by text for people.
func answer[T any](a *app, v T, text func(T)) error {
	if !a.json {
		text(v)
		return nil
	}
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// progress says what is going on, to people only.
func (a *app) progress(format string, args ...any) {
	if a.errTTY && !a.json {
		fmt.Fprintf(a.errOut, format+" …\n", args...)
	}
}

// warn says what a person should know though the command succeeds.
func (a *app) warn(format string, args ...any) {
	fmt.Fprintf(a.errOut, "lull: warning: "+format+"\n", args...)
}

// table prints rows in columns; the first is the heading.
func (a *app) table(rows [][]string) {
	w := tabwriter.NewWriter(a.out, 0, 0, 3, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
}

// orDash shows nothing as something.
func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
