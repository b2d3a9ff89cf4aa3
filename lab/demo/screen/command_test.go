package screen

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"
)

func TestWrapCommand(t *testing.T) {
	args := []string{"ctr", "run", "--detach", "--env-file", "/run/pg.env", "--label", "a b", "image:1", "shop", "sh", "-c", "it's"}
	got := wrapCommand(args, 40)
	want := []string{
		`ctr run --detach \`,
		`--env-file /run/pg.env \`,
		`--label 'a b' image:1 shop sh \`,
		`-c 'it'\''s'`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	for _, line := range got {
		if text.StringWidth(line) > 40-4 {
			t.Errorf("too long: %s", line)
		}
	}
}

// What is shown can be copied into a shell, whatever the width.
func FuzzCommandCanBeCopied(f *testing.F) {
	f.Add("a", "--b c", "it's", 30)
	f.Add("$(x)", "", "*\n\\", 60)
	f.Add("-e", "~", "!#&", 1)
	f.Fuzz(func(t *testing.T, a, b, c string, width int) {
		args := []string{a, b, c}
		if strings.ContainsRune(a+b+c, 0) {
			t.Skip("no argument holds a zero byte")
		}
		shown := strings.Join(wrapCommand(append([]string{"printf", `%s\0`}, args...), width), "\n    ")
		out, err := exec.Command("sh", "-c", shown).Output()
		if err != nil {
			t.Fatalf("%s: %v", shown, err)
		}
		if diff := cmp.Diff(args, strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")); diff != "" {
			t.Errorf("%s\n(-want +got):\n%s", shown, diff)
		}
	})
}
