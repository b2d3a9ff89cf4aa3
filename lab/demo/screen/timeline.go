package screen

import (
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Mark is an instant with a name.
type Mark struct {
	At   time.Duration
	Name string
}

// Timeline is a picture of how often something happened, from one instant to
// another.
type Timeline struct {
	Label    string
	From, To time.Duration
	Events   []time.Duration // in any order
	Marks    []Mark          // in order of time
}

const bars = "▁▂▃▄▅▆▇█"

// Draw gives two lines of at most width columns: bars, blank where nothing
// happened, and the marks below them.
func (t Timeline) Draw(width int) string {
	lead := text.StringWidth(t.Label) + 2
	n := max(8, width-lead)
	counts := t.count(n)
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n", t.Label, strings.TrimRight(barsOf(counts), " "))
	fmt.Fprintf(&b, "%s%s\n", strings.Repeat(" ", lead), t.marks(n))
	return b.String()
}

// cell is the column that an instant falls into; out of the span: false.
func (t Timeline) cell(at time.Duration, n int) (int, bool) {
	if at < t.From || at >= t.To {
		return 0, false
	}
	return int(int64(at-t.From) * int64(n) / int64(t.To-t.From)), true
}

func (t Timeline) count(n int) []int {
	counts := make([]int, n)
	for _, at := range t.Events {
		if i, ok := t.cell(at, n); ok {
			counts[i]++
		}
	}
	return counts
}

func barsOf(counts []int) string {
	top := 1
	for _, c := range counts {
		top = max(top, c)
	}
	levels := []rune(bars)
	var b strings.Builder
	for _, c := range counts {
		if c == 0 {
			b.WriteByte(' ')
			continue
		}
		b.WriteRune(levels[(c*len(levels)-1)/top])
	}
	return b.String()
}

// marks places the names under their instants: to the right of them, or to the
// left where the line ends. One that would run into the one before it moves to
// the right; one that has no room is left out.
func (t Timeline) marks(n int) string {
	line, used := "", 0
	for _, m := range t.Marks {
		at, ok := t.cell(m.At, n)
		name := "╰ " + m.Name
		if at+text.StringWidth(name) > n {
			name = m.Name + " ╯"
			at -= text.StringWidth(name) - 1
		} else {
			at = max(at, used)
		}
		if !ok || at < used || at+text.StringWidth(name) > n {
			continue
		}
		line += strings.Repeat(" ", at-used) + name + " "
		used = at + text.StringWidth(name) + 1
	}
	return strings.TrimRight(line, " ")
}
