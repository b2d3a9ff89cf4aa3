package demo

import (
	"slices"

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
		{"look at the processes", []string{"locate", "process tree", "operator"}, "nothing there that CRIU cannot dump"},
		{"connect", []string{"connect", "preflight", "plan"}, "an unprivileged agent, in the container's network"},
		{"flush", []string{"flush"}, "PostgreSQL's CHECKPOINT: a cold start would be short"},
		{"drain", []string{"drain", "fence"}, "open write transactions get a moment to end"},
		{"evidence", []string{"evidence", "validate", "prove"}, "identity and position, to be found again"},
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
