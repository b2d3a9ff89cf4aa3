package screen

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"
)

func TestTimeline(t *testing.T) {
	line := Timeline{Label: "writes", From: 10 * time.Second, To: 30 * time.Second}
	add := func(second, n int) {
		for range n {
			line.Events = append(line.Events, time.Duration(second)*time.Second)
		}
	}
	add(2, 99) // before it begins
	add(10, 8)
	add(11, 4)
	add(12, 1)
	add(20, 8)
	add(29, 2)
	add(30, 99) // when it is over
	at := func(second int, name string) Mark { return Mark{time.Duration(second) * time.Second, name} }
	tests := map[string]struct {
		marks []Mark
		want  string
	}{
		"none":              {nil, ""},
		"apart":             {[]Mark{at(12, "cut"), at(20, "back")}, "          ╰ cut   ╰ back"},
		"too close":         {[]Mark{at(12, "cut"), at(14, "killed")}, "          ╰ cut ╰ killed"},
		"at the end":        {[]Mark{at(12, "cut"), at(29, "back")}, "          ╰ cut       back ╯"},
		"no room":           {[]Mark{at(12, "a long name"), at(28, "no room left")}, "          ╰ a long name"},
		"outside the times": {[]Mark{at(2, "early"), at(12, "cut"), at(31, "late")}, "          ╰ cut"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			line.Marks = tt.marks
			want := "writes  █▄▁       █        ▂\n" + tt.want
			got := strings.TrimRight(line.Draw(28), " \n")
			if diff := cmp.Diff(strings.TrimRight(want, "\n"), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if w := text.LongestLineLen(got); w > 28 {
				t.Errorf("%d columns", w)
			}
		})
	}
}

func TestTimelineOfNothing(t *testing.T) {
	if got := (Timeline{Label: "x"}).Draw(20); strings.TrimSpace(got) != "x" {
		t.Errorf("%q", got)
	}
}
