package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/docker/go-units"
)

// section is a titled list of facts for people.
type section struct {
	title string
	rows  []fact
}

type fact struct{ name, value string }

// add appends a fact; an empty value is none.
func (s *section) add(name, format string, args ...any) {
	if value := fmt.Sprintf(format, args...); value != "" {
		s.rows = append(s.rows, fact{name, value})
	}
}

// colour is used on a terminal only, and not when NO_COLOR is set.
type colour bool

func (a *app) colour() colour { return colour(a.outTTY && os.Getenv("NO_COLOR") == "") }

func (c colour) paint(code, text string) string {
	if !c {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (c colour) bold(text string) string   { return c.paint("1", text) }
func (c colour) green(text string) string  { return c.paint("32", text) }
func (c colour) yellow(text string) string { return c.paint("33", text) }
func (c colour) red(text string) string    { return c.paint("31", text) }

// printSections prints those that have facts, names in one column.
func printSections(w io.Writer, c colour, all []section) {
	width := 0
	for _, s := range all {
		for _, f := range s.rows {
			width = max(width, len(f.name))
		}
	}
	for i, s := range all {
		if len(s.rows) == 0 {
			continue
		}
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, c.bold(s.title))
		for _, f := range s.rows {
			printFact(w, width, f)
		}
	}
}

// printFact indents the further lines of a value.
func printFact(w io.Writer, width int, f fact) {
	for i, line := range strings.Split(f.value, "\n") {
		name := f.name
		if i > 0 {
			name = ""
		}
		fmt.Fprintf(w, "  %-*s  %s\n", width, name, harmless(line))
	}
}

// harmless takes the power over a terminal from text that others wrote.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, text)
}

// sizeText is a size as people read it.
func sizeText(bytes int64) string { return units.BytesSize(float64(bytes)) }

// millisText is a time as people read it: 0.4 ms, 12 ms, 1.25 s.
func millisText(ms float64) string {
	switch {
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.2f s", ms/1000)
}
