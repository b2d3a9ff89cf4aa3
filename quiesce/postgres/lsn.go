package postgres

import (
	"fmt"
	"strconv"
	"strings"
)

// lsn is a position in the write-ahead log, in bytes.
type lsn uint64

// parseLSN reads PostgreSQL's notation, two hexadecimal halves.
func parseLSN(text string) (lsn, error) {
	left, right, ok := strings.Cut(text, "/")
	high, err := strconv.ParseUint(left, 16, 32)
	if err != nil || !ok {
		return 0, fmt.Errorf("%q is no position in the write-ahead log", text)
	}
	low, err := strconv.ParseUint(right, 16, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is no position in the write-ahead log", text)
	}
	return lsn(high<<32 | low), nil
}

// String is PostgreSQL's notation.
func (l lsn) String() string { return fmt.Sprintf("%X/%X", uint64(l)>>32, uint32(l)) }

// behind is true unless both are positions and is has reached was.
func behind(was, is string) bool {
	recorded, err := parseLSN(was)
	found, err2 := parseLSN(is)
	return err != nil || err2 != nil || found < recorded
}
