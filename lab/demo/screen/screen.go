package screen

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// Screen is where the story is told. Its methods are for one goroutine.
type Screen struct {
	w        io.Writer
	columns  func() int
	terminal bool
	gone     func()

	mu sync.Mutex // of w, which a live line shares
}

// indent sets prose off from the commands.
const indent = "  "

// The signs of verdicts.
const (
	good = "✓ "
	bad  = "✗ "
)

// New tells the story on f: with colours and live lines on a terminal, plainly
// elsewhere. NO_COLOR takes the colours away, COLUMNS sets the width of what is
// no terminal. gone is called when nobody reads f any more.
func New(f *os.File, gone func()) *Screen {
	s := &Screen{w: f, gone: gone, terminal: term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"}
	s.columns = func() int { return columnsOf(f) }
	return s
}

// narrow and wide bound the width that is used.
const (
	narrow   = 60
	fallback = 80
	wide     = 160
)

func columnsOf(f *os.File) int {
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w
	}
	if w, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && w > 0 {
		return w
	}
	return fallback
}

// Width is how many columns a line may have.
func (s *Screen) Width() int { return min(max(s.columns(), narrow), wide) }

// Paint colours a text where colours are wanted.
func (s *Screen) Paint(c text.Colors, t string) string {
	if !s.terminal || os.Getenv("NO_COLOR") != "" {
		return t
	}
	return c.EscapeSeq() + t + text.Reset.EscapeSeq()
}

// Title begins a chapter.
func (s *Screen) Title(format string, args ...any) {
	title := fmt.Sprintf(format, args...)
	rule := strings.Repeat("─", max(0, s.Width()-text.StringWidth(title)-4))
	s.print("\n" + s.Paint(text.Colors{text.FgCyan, text.Bold}, "── "+title+" "+rule) + "\n\n")
}

// Say adds a paragraph.
func (s *Screen) Say(format string, args ...any) { s.prose(nil, fmt.Sprintf(format, args...)) }

// Good adds a paragraph about something that went as it must.
func (s *Screen) Good(format string, args ...any) {
	s.prose(text.Colors{text.FgGreen}, good+fmt.Sprintf(format, args...))
}

// Bad adds a paragraph about something that did not.
func (s *Screen) Bad(format string, args ...any) {
	s.prose(text.Colors{text.FgRed, text.Bold}, bad+fmt.Sprintf(format, args...))
}

// Quote adds what a program said.
func (s *Screen) Quote(said string) { s.prose(text.Colors{text.FgYellow}, said) }

// prose wraps what was said; the sign of a verdict stands out on its left.
func (s *Screen) prose(c text.Colors, said string) {
	margin := indent
	for line := range strings.Lines(text.WrapSoft(said, s.Width()-2*len(indent))) {
		s.print(margin + s.Paint(c, strings.TrimRight(line, " \n")) + "\n")
		if strings.HasPrefix(said, good) || strings.HasPrefix(said, bad) {
			margin = indent + "  "
		}
	}
}

// Block adds lines that are laid out already.
func (s *Screen) Block(lines string) { s.print(strings.TrimRight(lines, "\n") + "\n") }

// Gap adds an empty line.
func (s *Screen) Gap() { s.print("\n") }

// Command shows a command as a user would type it.
func (s *Screen) Command(args []string) {
	for i, line := range wrapCommand(args, s.Width()) {
		prompt := "    "
		if i == 0 {
			prompt = s.Paint(text.Colors{text.FgGreen}, "$") + " "
		}
		s.print(prompt + s.Paint(text.Colors{text.Bold}, line) + "\n")
	}
}

func (s *Screen) print(t string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := io.WriteString(s.w, t); err != nil {
		s.gone()
	}
}
