package lab

import (
	"strconv"
	"strings"
)

// version is the leading numbers of a version: 6.18 of "6.18.44-amd64".
type version []int

func parseVersion(s string) version {
	if _, after, ok := strings.Cut(s, ":"); ok { // Debian's epoch
		s = after
	}
	var v version
	for _, field := range strings.Split(s, ".") {
		end := strings.IndexFunc(field, func(r rune) bool { return r < '0' || r > '9' })
		digits := field
		if end >= 0 {
			digits = field[:end]
		}
		n, err := strconv.Atoi(digits)
		if err != nil {
			break
		}
		v = append(v, n)
		if end >= 0 {
			break
		}
	}
	return v
}

func (v version) less(w version) bool {
	for i := range max(len(v), len(w)) {
		if a, b := v.at(i), w.at(i); a != b {
			return a < b
		}
	}
	return false
}

func (v version) at(i int) int {
	if i < len(v) {
		return v[i]
	}
	return 0
}

func (v version) String() string {
	fields := make([]string, len(v))
	for i, n := range v {
		fields[i] = strconv.Itoa(n)
	}
	return strings.Join(fields, ".")
}
