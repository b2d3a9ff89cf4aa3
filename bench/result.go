package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Result is one bench's outcome.
type Result struct {
	Name   string    `json:"name"`
	About  string    `json:"about"`
	When   time.Time `json:"when"`
	Series []Series  `json:"series"`
	Ratios []Ratio   `json:"ratios"`
	Notes  []string  `json:"notes,omitempty"`
}

// Series is one side's samples.
type Series struct {
	What    string    `json:"what"`
	Unit    string    `json:"unit"`
	Samples []float64 `json:"samples"`
	Median  float64   `json:"median"`
}

// Ratio compares two medians.
type Ratio struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// series adds one side's samples and gives their median.
func (r *Result) series(what, unit string, samples []float64) float64 {
	m := median(samples)
	r.Series = append(r.Series, Series{what, unit, samples, m})
	return m
}

func (r *Result) ratio(name string, value float64) {
	r.Ratios = append(r.Ratios, Ratio{name, value})
}

func (r *Result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// median is 0 of nothing.
func median(samples []float64) float64 {
	s := slices.Sorted(slices.Values(samples))
	if len(s) == 0 {
		return 0
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Text is the table, the notes and the lines for machines.
func (r *Result) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s: %s\n", r.Name, r.About)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tmedian\tmin\tmax\tsamples\t")
	for _, s := range r.Series {
		fmt.Fprintf(w, "%s\t%.1f %s\t%.1f\t%.1f\t%d\t\n", s.What, s.Median, s.Unit, least(s.Samples), most(s.Samples), len(s.Samples))
	}
	_ = w.Flush() // into memory
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "  %s\n", n)
	}
	for _, x := range r.Ratios {
		fmt.Fprintf(&b, "RATIO %s %.3f\n", x.Name, x.Value)
	}
	return b.String()
}

func least(s []float64) float64 {
	if len(s) == 0 {
		return 0
	}
	return slices.Min(s)
}

func most(s []float64) float64 {
	if len(s) == 0 {
		return 0
	}
	return slices.Max(s)
}

// write keeps the result in the folder, for people and for machines.
func (r *Result) write(dir string) error {
	r.When = time.Now().UTC()
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, r.Name+".json"), append(raw, '\n'), 0o644),
		os.WriteFile(filepath.Join(dir, r.Name+".txt"), []byte(r.Text()), 0o644),
	)
}
