package screen

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
)

const (
	tick    = 100 * time.Millisecond
	erase   = "\r\x1b[K"
	spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
)

// Live shows a line that moves until stop is called: what is waited for, for
// how long, and what status says. It is gone then. Elsewhere than on a
// terminal it shows nothing.
func (s *Screen) Live(what string, status func() string) (stop func()) {
	if !s.terminal {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		s.liveUntil(end, what, status)
	}()
	return func() {
		close(end)
		<-ended
	}
}

func (s *Screen) liveUntil(end <-chan struct{}, what string, status func() string) {
	began, frames := time.Now(), []rune(spinner)
	for n := 0; ; n++ {
		select {
		case <-end:
			s.print(erase)
			return
		case <-time.After(tick):
			s.print(erase + s.liveLine(frames[n%len(frames)], what, time.Since(began), status))
		}
	}
}

func (s *Screen) liveLine(frame rune, what string, since time.Duration, status func() string) string {
	parts := []string{fmt.Sprintf("%s%c %.1f s", indent, frame, since.Seconds()), what}
	if status != nil {
		parts = append(parts, status())
	}
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	line := text.Snip(strings.Join(parts, "   "), s.columns()-1, "…")
	return s.Paint(text.Colors{text.Faint}, line)
}
