package harness

import (
	"crypto/rand"
	"strings"
	"testing"
)

// Name makes a name that no other test has: kind, a word of the test's name
// and six random characters, of a-z, 0-9 and - and at most 20 long.
func Name(t testing.TB, kind string) string {
	word := strings.Map(plain, strings.ToLower(t.Name()[strings.LastIndexByte(t.Name(), '/')+1:]))
	word = strings.TrimPrefix(word, "test")
	random := strings.ToLower(rand.Text()[:6])
	room := 20 - len(kind) - len(random) - 2
	if room > 0 && word != "" {
		kind += "-" + word[:min(room, len(word))]
	}
	return kind + "-" + random
}

func plain(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
		return r
	}
	return -1
}
