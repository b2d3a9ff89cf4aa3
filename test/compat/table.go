package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lull-containers/lull/test/e2e/harness"
)

const head = `# Compatibility

Written by the end-to-end tests themselves: ` + "`make compat`" + ` runs the matrix and makes this page of what it saw. Each cell is one database with
clients that write, checkpointed through that engine, lost or stopped, restored, and judged by what its clients were told.

| engine | version | database | checkpoint | result | |
|---|---|---|---|---|---|
`

// place is where a cell stands in the matrix.
type place struct{ engine, version, database, how string }

func placeOf(c harness.Cell) place { return place{c.Engine, c.Version, c.Database, c.How} }

// latest keeps of several cells of one place the one noted last: a test that
// was run again.
func latest(all []harness.Cell) []harness.Cell {
	at := map[place]int{}
	var kept []harness.Cell
	for _, c := range all {
		if i, ok := at[placeOf(c)]; ok {
			kept[i] = c
			continue
		}
		at[placeOf(c)] = len(kept)
		kept = append(kept, c)
	}
	return kept
}

// mandatory are the engines whose cells are expected, with their databases.
var mandatory = []struct{ engine, version, databases string }{
	{"docker", "26", "postgres"},
	{"docker", "28", "postgres mysql redis"},
	{"docker", "29", "postgres mysql redis"},
	{"containerd", "1.7", "postgres mysql redis"},
	{"containerd", "2.1", "postgres mysql redis"},
	{"containerd", "2.4", "postgres mysql redis"},
	{"cri", "2.4", "postgres redis"},
	{"podman", "5.8", "postgres redis"},
	{"runc", "1.5", "postgres redis"},
}

// withMissing adds mandatory cells that no test filled.
func withMissing(cells []harness.Cell) []harness.Cell {
	for _, m := range mandatory {
		for database := range strings.FieldsSeq(m.databases) {
			for _, how := range []string{"leave running", "stop"} {
				if !filled(cells, m.engine, m.version, database, how) {
					cells = append(cells, harness.Cell{Engine: m.engine, Version: m.version, Database: database, How: how,
						Result: harness.NotRun, Reason: "no test of this run fills it"})
				}
			}
		}
	}
	return cells
}

func filled(cells []harness.Cell, engine, version, database, how string) bool {
	return slices.ContainsFunc(cells, func(c harness.Cell) bool {
		name, _, _ := strings.Cut(c.Database, " ")
		return c.Engine == engine && strings.HasPrefix(c.Version, version) && name == database && c.How == how
	})
}

func render(w io.Writer, cells []harness.Cell) error {
	slices.SortStableFunc(cells, func(a, b harness.Cell) int {
		return cmp.Or(strings.Compare(a.Engine, b.Engine), strings.Compare(a.Version, b.Version),
			strings.Compare(a.Database, b.Database), strings.Compare(a.How, b.How))
	})
	if _, err := io.WriteString(w, head); err != nil {
		return err
	}
	for _, c := range cells {
		if _, err := fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", c.Engine, c.Version, c.Database, c.How, c.Result, plain(c.Reason)); err != nil {
			return err
		}
	}
	return nil
}

// plain keeps a reason within its cell.
func plain(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}
