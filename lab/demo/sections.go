package demo

import (
	"slices"
	"strings"

	"github.com/lull-containers/lull/manifest"
)

func (t *sheet) rows(rows []row, steps func(*Act) []manifest.Step) {
	for _, r := range rows {
		t.times("    "+r.label, r.explained, func(a *Act) float64 { return r.millis(steps(a)) })
	}
}

// rest shows what no row names, unless it is too little to be asked about.
func (t *sheet) rest(rows []row, steps func(*Act) []manifest.Step) {
	const noise = 5
	of := func(a *Act) float64 {
		sum := others(rows, steps(a)).millis(steps(a))
		if sum < noise {
			return 0
		}
		return sum
	}
	r := others(nil, nil)
	t.times("    "+r.label, r.explained, of)
}

func (t *sheet) checkpoint() {
	steps := func(a *Act) []manifest.Step { return withGaps(a.Cut.Steps) }
	t.section("Checkpoint")
	t.times("  the command", t.commands(func(a *Act) string { return a.Cut.By }), func(a *Act) float64 { return 1000 * a.Cut.Seconds })
	t.line("  while clients work", "", func(*Act) string { return "" })
	t.rows(quietRows(), steps)
	t.line("  while all stands still", "", func(*Act) string { return "" })
	t.rows(frozenRows(), steps)
	t.times("    (ctr packs the image)", "and lull's digests before that", packing)
	t.rest(slices.Concat(quietRows(), frozenRows()), steps)
	t.line("  "+t.bold("longest wait of a client"), "from answer to answer, whoever's", t.wait)
}

// packing is what clients waited for beyond lull's steps.
func packing(a *Act) float64 {
	if a.Cut.Stops || len(a.Cut.Steps) == 0 {
		return 0
	}
	return max(0, a.Cut.StallMillis-a.Cut.Frozen)
}

func (t *sheet) wait(a *Act) string {
	if a.Cut.Stops {
		return "stopped"
	}
	return t.bold(duration(a.Cut.StallMillis))
}

func (t *sheet) restore() {
	steps := func(a *Act) []manifest.Step { return withGaps(a.Back.Steps) }
	t.section("Restore")
	t.times("  the command", t.commands(func(a *Act) string { return a.Back.By }), func(a *Act) float64 { return 1000 * a.Back.Seconds })
	t.rows(restoreRows(), steps)
	t.rest(restoreRows(), steps)
	t.line("  "+t.bold("first answered query after"), "since the command began", func(a *Act) string { return t.bold(duration(a.Back.FirstMillis)) })
}

// commands lists what the acts used, each once.
func (t *sheet) commands(of func(*Act) string) string {
	var all []string
	for _, a := range t.acts {
		if c := of(a); !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return strings.Join(all, "; ")
}
