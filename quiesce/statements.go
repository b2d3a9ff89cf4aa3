package quiesce

import "strings"

// Statements splits what the user wrote where a line ends a statement by a
// semicolon. Empty lines and lines of a comment, --, are left out.
func Statements(text string) (all []string) {
	var one strings.Builder
	finish := func() {
		if s := strings.TrimSpace(one.String()); s != "" {
			all = append(all, strings.TrimSuffix(s, ";"))
		}
		one.Reset()
	}
	for line := range strings.Lines(text) {
		if trimmed := strings.TrimSpace(line); trimmed == "" || strings.HasPrefix(trimmed, "--") {
			continue
		}
		one.WriteString(line)
		if strings.HasSuffix(strings.TrimSpace(line), ";") {
			finish()
		}
	}
	finish()
	return all
}
