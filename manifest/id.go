package manifest

import (
	"crypto/rand"
	"encoding/hex"
)

// NewID returns a fresh checkpoint id: 32 hexadecimal digits, random.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}

// IsID tells whether a name has the form of a checkpoint's id.
func IsID(name string) bool { return hexadecimal(name, idDigits) }

const idDigits = 32
