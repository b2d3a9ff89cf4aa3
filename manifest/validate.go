package manifest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Validate checks what can be checked without looking at any file: the fixed
// words, ids, names, digests and numbers, and that a sealed manifest keeps
// its promises (level reached, digests there). A poisoned one needs its head
// only. The error names the field.
func (m *Manifest) Validate() error {
	if err := m.validateHead(); err != nil || m.Status == Poisoned {
		return err
	}
	return first(
		m.Asked.validate,
		func() error { return m.Reached.validate(m.Asked, m.Status) },
		m.validateTimes,
		func() error { return validateFiles(m.Files) },
		m.validateVolumes,
		m.validateValidations,
	)
}

func (m *Manifest) validateValidations() error {
	for i, v := range m.Validations {
		if v.Name == "" || v.Query == "" || v.Null && v.Answer != "" {
			return fmt.Errorf("validations[%d] has no name or no query, or an answer that is none", i)
		}
		if err := oneOf(fmt.Sprintf("validations[%d].operator", i), v.Operator, "eq", "ge"); err != nil {
			return err
		}
	}
	return nil
}

// first keeps an error to one line.
func first(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (m *Manifest) validateHead() error {
	if m.Schema != Schema {
		return fmt.Errorf("schema is %q, not %q", m.Schema, Schema)
	}
	if !hexadecimal(m.ID, 32) {
		return fmt.Errorf("id %q is not 32 hexadecimal digits", m.ID)
	}
	return oneOf("status", string(m.Status), "pending", "sealed", "poisoned")
}

func (a Asked) validate() error {
	levels := []string{string(CrashConsistent), string(Flushed), string(Clean)}
	return first(
		word("asked.mode", a.Mode, "flush", "fence", "none"),
		word("asked.require", string(a.Require), levels...),
		word("asked.in_flight", a.InFlight, "keep", "abort", "terminate"),
		word("asked.connections", a.Connections, "close", "keep", "refuse"),
		word("asked.on_drift", a.OnDrift, "refuse", "rollback", "cold"),
		word("asked.volumes", a.Volumes, "auto", "fingerprint"),
	)
}

// word is the check of an optional field with fixed values.
func word(field, value string, words ...string) func() error {
	return func() error {
		if value == "" {
			return nil
		}
		return oneOf(field, value, words...)
	}
}

func (r Reached) validate(a Asked, s Status) error {
	if r.Level.Rank() == 0 {
		return fmt.Errorf("reached.level %q is no level", r.Level)
	}
	if s == Sealed && r.Level.Rank() < a.Require.Rank() {
		return fmt.Errorf("reached.level %s is below asked.require %s", r.Level, a.Require)
	}
	return nil
}

func (m *Manifest) validateTimes() error {
	if m.Created.IsZero() || m.Created.Location() != time.UTC {
		return errors.New("created is not a time in UTC")
	}
	if !duration(m.FrozenMillis) {
		return fmt.Errorf("frozen_ms %v is no duration", m.FrozenMillis)
	}
	for i, s := range m.Steps {
		if s.Name == "" || !duration(s.Start) || !duration(s.Millis) {
			return fmt.Errorf("steps[%d] has no name or a time below zero", i)
		}
	}
	return nil
}

func validateFiles(files []File) error {
	for i, f := range files {
		switch {
		case !flat(f.Name) || f.Name == FileName:
			return fmt.Errorf("files[%d].name %q is no plain file name", i, f.Name)
		case i > 0 && files[i-1].Name >= f.Name:
			return fmt.Errorf("files[%d].name %q is not sorted or comes twice", i, f.Name)
		case f.Size < 0 || !hexadecimal(f.SHA256, sealDigits):
			return fmt.Errorf("files[%d] (%s) has no size or no sha256", i, f.Name)
		}
	}
	return nil
}

func (m *Manifest) validateVolumes() error {
	seen := map[string]bool{}
	for i, v := range m.Volumes {
		if !flat(v.Name) || seen[v.Name] {
			return fmt.Errorf("volumes[%d].name %q is no plain name or comes twice", i, v.Name)
		}
		seen[v.Name] = true
		if err := v.validate(m.Status, m.Files); err != nil {
			return fmt.Errorf("volumes[%d] (%s): %w", i, v.Name, err)
		}
	}
	return nil
}

func (v Volume) validate(s Status, files []File) error {
	if err := oneOf("kind", v.Kind, "bind", "rw", "tmpfs"); err != nil {
		return err
	}
	if !utf8.ValidString(v.Source) || !utf8.ValidString(v.Destination) {
		return errors.New("its path is not UTF-8")
	}
	if c := v.Capture; c != nil {
		if err := oneOf("capture.method", c.Method, "copy", "reflink", "snapshot"); err != nil {
			return err
		}
	}
	if s != Sealed || v.Kind == "tmpfs" {
		return nil
	}
	if v.Capture != nil && v.Fingerprint.Content == "" {
		return errors.New("a capture needs fingerprint.content")
	}
	return v.Fingerprint.validate(files)
}

func (p Fingerprint) validate(files []File) error {
	if p.Content != "" && !hexadecimal(p.Content, sealDigits) || p.Files < 0 || p.Bytes < 0 {
		return errors.New("fingerprint.content is no sha256, or a count is below zero")
	}
	if !slices.ContainsFunc(files, func(f File) bool { return f.Name == p.List }) {
		return fmt.Errorf("fingerprint.list %q is not in the folder", p.List)
	}
	return nil
}

func oneOf(field, value string, words ...string) error {
	if slices.Contains(words, value) {
		return nil
	}
	return fmt.Errorf("%s is %q, not one of %s", field, value, strings.Join(words, ", "))
}

func flat(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) < 256 &&
		utf8.ValidString(name) && !strings.ContainsAny(name, "/\x00")
}

func hexadecimal(s string, digits int) bool {
	return len(s) == digits && strings.Trim(s, "0123456789abcdef") == ""
}

func duration(ms float64) bool { return ms >= 0 && !math.IsInf(ms, 1) }
