package demo

import (
	"slices"
	"strings"

	"github.com/lull-containers/lull/manifest"
)

// row is one or more of lull's steps under a name for people.
type row struct {
	label     string
	steps     []string
	explained string
}

// quietRows are the steps before the freeze, frozenRows those after it.
func quietRows() []row {
	return []row{
		{"look at the processes", []string{"locate", "process tree"}, "nothing there that CRIU cannot dump"},
		{"connect", []string{"connect", "preflight", "plan"}, "an unprivileged agent, in the container's network"},
		{"flush", []string{"flush"}, "PostgreSQL's CHECKPOINT: a cold start would be short"},
		{"drain", []string{"drain", "fence"}, "open write transactions get a moment to end"},
		{"evidence", []string{"evidence", "prove"}, "identity and position, to be found again"},
	}
}

func frozenRows() []row {
	return []row{
		{"freeze, hang up", []string{"freeze", "survey", "hang up"}, "the cut; what the agent held ends with it"},
		{"(ctr packs the layer)", []string{before("require")}, "before it asks for the memory"},
		{"sync", []string{"require", "configure", "sync"}, "the files to the disk"},
		{"capture", []string{"capture", "publish"}, "the files, at the same instant"},
		{"dump", []string{"dump"}, "the memory, by runc and CRIU"},
		{"seal", []string{"pending", "seal"}, "the manifest"},
	}
}

func restoreRows() []row {
	return []row{
		{"manifest", []string{"manifest", "host"}, "sealed? every digest, this host"},
		{"root file system", []string{before("volumes")}, "and the lease: one server per data folder"},
		{"volumes", []string{"volumes"}, "compared, and put back where that is allowed"},
		{"close the network", []string{"close network", "configure"}, "to all but the agent"},
		{"runc restore", []string{before("verify")}, "the memory, by runc and CRIU"},
		{"verify", []string{"verify"}, "the evidence, in the live database"},
		{"open the network", []string{"open network"}, ""},
	}
}

// before names the time between a step and the one that preceded it: somebody
// else's work.
func before(step string) string { return "before " + step }

// withGaps adds the times between the steps to them.
func withGaps(steps []manifest.Step) []manifest.Step {
	var all []manifest.Step
	for i, s := range steps {
		if i > 0 {
			end := steps[i-1].Start + steps[i-1].Millis
			all = append(all, manifest.Step{Name: before(s.Name), Start: end, Millis: max(0, s.Start-end)})
		}
		all = append(all, s)
	}
	return all
}

// millis sums the steps of the row.
func (r row) millis(steps []manifest.Step) (sum float64) {
	for _, s := range steps {
		if slices.Contains(r.steps, s.Name) {
			sum += s.Millis
		}
	}
	return sum
}

// others are the steps that no row names.
func others(rows []row, steps []manifest.Step) row {
	rest := row{label: "the rest", explained: "steps that this table does not know, and what lies between"}
	for _, s := range steps {
		named := func(r row) bool { return slices.Contains(r.steps, s.Name) }
		if !slices.ContainsFunc(rows, named) {
			rest.steps = append(rest.steps, s.Name)
		}
	}
	return rest
}

func (t *sheet) rows(rows []row, steps func(*Act) []manifest.Step) {
	for _, r := range rows {
		t.times("    "+r.label, r.explained, func(a *Act) float64 { return r.millis(steps(a)) })
	}
}

func (t *sheet) rest(rows []row, steps func(*Act) []manifest.Step) {
	of := func(a *Act) float64 { return others(rows, steps(a)).millis(steps(a)) }
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
