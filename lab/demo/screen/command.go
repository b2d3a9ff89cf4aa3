package screen

import "strings"

// Join writes a command the way that a shell takes it.
func Join(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = quote(a)
	}
	return strings.Join(quoted, " ")
}

// plain are the characters that no shell looks at twice.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=:,./@%+"

func quote(arg string) string {
	if arg != "" && strings.Trim(arg, plain) == "" {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// wrapCommand breaks a command between its arguments, so that it can still be
// copied into a shell. An option stays with its value.
func wrapCommand(args []string, width int) []string {
	const room = 4 + 2 // the prompt of a second line, and the backslash
	var lines []string
	line := ""
	for _, word := range words(args) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word)+room <= width:
			line += " " + word
		default:
			lines = append(lines, line+` \`)
			line = word
		}
	}
	return append(lines, line)
}

// words are quoted arguments, options together with what follows them.
func words(args []string) []string {
	var out []string
	for i, a := range args {
		value := i > 0 && takesValue(args[i-1]) && !strings.HasPrefix(a, "-")
		if value {
			out[len(out)-1] += " " + quote(a)
			continue
		}
		out = append(out, quote(a))
	}
	return out
}

func takesValue(arg string) bool {
	return strings.HasPrefix(arg, "-") && !strings.Contains(arg, "=")
}
