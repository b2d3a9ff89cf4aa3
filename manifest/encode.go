package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
)

// MediaType is of a manifest that is a blob of its own.
const MediaType = "application/vnd.lull.manifest.v1+json"

// MaxSize bounds a manifest in bytes. A larger file is refused unread.
const MaxSize = 16 << 20

const sealDigits = 2 * sha256.Size

// head is how every manifest begins, byte for byte; the seal's digits follow.
// The seal has one place only, so nothing has to be searched for.
const head = "{\n  \"schema\": \"" + Schema + "\",\n  \"seal\": \""

// encode renders m with its seal computed, and stores the seal in m.
func encode(m *Manifest) ([]byte, error) {
	m.Seal = string(bytes.Repeat([]byte("0"), sealDigits))
	m.Volumes, m.Files, m.Steps = notNull(m.Volumes), notNull(m.Files), notNull(m.Steps)
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("encode the manifest: %w", err)
	}
	raw := buf.Bytes()
	if len(raw) > MaxSize {
		return nil, fmt.Errorf("the manifest has %d bytes, %d are allowed", len(raw), MaxSize)
	}
	m.Seal = digest(raw)
	copy(raw[len(head):], m.Seal)
	return raw, nil
}

// notNull makes JSON write an empty list as [].
func notNull[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// digest is the seal of raw: sha256 with the seal's digits taken as zeros.
func digest(raw []byte) string {
	h := sha256.New()
	h.Write(raw[:len(head)])
	h.Write(bytes.Repeat([]byte("0"), sealDigits))
	h.Write(raw[len(head)+sealDigits:])
	return hex.EncodeToString(h.Sum(nil))
}

// sealHolds reports whether raw begins as it must and carries its own digest.
func sealHolds(raw []byte) bool {
	if len(raw) < len(head)+sealDigits || !bytes.HasPrefix(raw, []byte(head)) {
		return false
	}
	return digest(raw) == string(raw[len(head):len(head)+sealDigits])
}

// Decode is strict: one JSON object, known fields only, nothing after it, and
// everything that Validate asks for. The seal is not looked at.
func Decode(raw []byte) (*Manifest, error) {
	var probe struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(raw, &probe); err != nil {
		return nil, unknown("it is not JSON: " + err.Error())
	}
	if probe.Schema != Schema {
		return nil, unknown(fmt.Sprintf("its schema is %q, this lull reads %q", probe.Schema, Schema))
	}
	var m Manifest
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return nil, unknown(err.Error())
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, unknown("something follows the manifest")
	}
	if err := m.Validate(); err != nil {
		return nil, unknown(err.Error())
	}
	return &m, nil
}
