package demo

import (
	"cmp"
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/lull-containers/lull/lab/demo/screen"
)

// sheet is the table for people while it is filled: a row for each time, size
// and verdict, a column for each act, and one that explains where there is
// room for it.
type sheet struct {
	table.Writer
	acts    []*Act
	say     *screen.Screen
	explain bool
}

// Table is the result for people.
func (r *Result) Table(say *screen.Screen) string {
	if wide := r.table(say, true); text.LongestLineLen(wide) <= say.Width() {
		return wide
	}
	return r.table(say, false)
}

func (r *Result) table(say *screen.Screen, explain bool) string {
	t := &sheet{Writer: table.NewWriter(), acts: r.Acts, say: say, explain: explain}
	t.layOut()
	t.heading()
	t.checkpoint()
	t.restore()
	t.sizes()
	t.verdicts()
	return t.Render()
}

func (t *sheet) layOut() {
	style := table.StyleRounded
	style.Format = table.FormatOptions{}
	style.Options.SeparateColumns = false
	t.SetStyle(style)
	columns := []table.ColumnConfig{{Number: 1}}
	for i := range t.acts {
		columns = append(columns, table.ColumnConfig{Number: i + 2, Align: text.AlignRight, AlignHeader: text.AlignRight, WidthMin: 10})
	}
	t.SetColumnConfigs(columns)
}

func (t *sheet) heading() {
	head := table.Row{""}
	for i, a := range t.acts {
		head = append(head, t.bold(fmt.Sprintf("%d %s", i+1, a.Name)))
	}
	if t.explain {
		head = append(head, "")
	}
	t.AppendHeader(head)
}

// section begins a part of the table.
func (t *sheet) section(name string) {
	t.AppendSeparator()
	t.line(t.bold(name), "", func(*Act) string { return "" })
}

// line is one row: a cell of each act.
func (t *sheet) line(label, explained string, of func(*Act) string) {
	row := table.Row{label}
	for _, a := range t.acts {
		row = append(row, of(a))
	}
	if t.explain {
		row = append(row, t.say.Paint(text.Colors{text.Faint}, explained))
	}
	t.AppendRow(row)
}

// times is a line of durations in milliseconds; one that nobody has is left out.
func (t *sheet) times(label, explained string, of func(*Act) float64) {
	const shown = 1
	longest := 0.0
	for _, a := range t.acts {
		longest = max(longest, of(a))
	}
	if longest >= shown {
		t.line(label, explained, func(a *Act) string { return duration(of(a)) })
	}
}

func (t *sheet) bold(s string) string { return t.say.Paint(text.Colors{text.Bold}, s) }

func (t *sheet) sizes() {
	t.section("Size")
	for _, s := range []struct {
		label, explained string
		of               func(*Act) int64
	}{
		{"memory", "CRIU's images", func(a *Act) int64 { return a.Cut.Memory }},
		{"database files", "captured beside them", func(a *Act) int64 { return a.Cut.Files }},
		{"checkpoint image", "what containerd keeps; the base image apart", func(a *Act) int64 { return a.Cut.Bytes }},
	} {
		t.line("  "+s.label, s.explained, func(a *Act) string { return size(s.of(a)) })
	}
}

func (t *sheet) verdicts() {
	t.section("Verdict")
	for _, name := range verdictNames() {
		t.line("  "+name, "", func(a *Act) string { return t.tick(a, name) })
	}
}

func (t *sheet) tick(a *Act, name string) string {
	v, judged := a.verdict(name)
	switch {
	case !judged:
		return none
	case v.OK:
		return t.say.Paint(text.Colors{text.FgGreen}, "✓")
	}
	return t.say.Paint(text.Colors{text.FgRed, text.Bold}, "✗")
}

// none stands for a time, size or verdict that an act does not have.
const none = "·"

// duration is a number of milliseconds in the unit that suits it.
func duration(ms float64) string {
	switch {
	case ms < 1:
		return none
	case ms < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.2f s", ms/1000)
}

func size(bytes int64) string {
	return cmp.Or(map[bool]string{true: none}[bytes == 0], fmt.Sprintf("%.1f MB", float64(bytes)/1e6))
}
