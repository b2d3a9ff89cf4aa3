package volume

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
)

// tag stands for a block's contents. The zero value stands for none that is
// known.
type tag [16]byte

// holeTag stands for a block that is a hole.
var holeTag = tag{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// tagger makes tags by a universal hash, GCM's, under a key that nobody else
// ever has: two different blocks have the same tag with a probability below
// 2^-110, whatever is in them. It is several times faster than sha256, and the
// database waits for it.
type tagger struct{ aead cipher.AEAD }

func newTagger() (*tagger, error) {
	var key [16]byte
	_, _ = rand.Read(key[:]) // never fails
	b, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(b)
	return &tagger{aead}, err
}

// of gives the tag of a block. One nonce for all is right here: the tags are
// compared, never shown.
func (t *tagger) of(block []byte) (sum tag) {
	var nonce [12]byte
	t.aead.Seal(sum[:0], nonce[:], nil, block)
	return sum
}
