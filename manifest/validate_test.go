package manifest

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	if err := sample().Validate(); err != nil {
		t.Fatal(err)
	}
	cases := map[string]func(*Manifest){ // the key is what the error has to name
		"schema":              func(m *Manifest) { m.Schema = "lull.manifest/2" },
		"id":                  func(m *Manifest) { m.ID = "6F1D2C3B4A5968778695A4B3C2D1E0F9" },
		"status":              func(m *Manifest) { m.Status = "finished" },
		"asked.mode":          func(m *Manifest) { m.Asked.Mode = "freeze" },
		"asked.require":       func(m *Manifest) { m.Asked.Require = "perfect" },
		"asked.in_flight":     func(m *Manifest) { m.Asked.InFlight = "drop" },
		"asked.connections":   func(m *Manifest) { m.Asked.Connections = "cut" },
		"asked.on_drift":      func(m *Manifest) { m.Asked.OnDrift = "ignore" },
		"asked.volumes":       func(m *Manifest) { m.Asked.Volumes = "none" },
		"reached.level":       func(m *Manifest) { m.Reached.Level = "" },
		"created":             func(m *Manifest) { m.Created = m.Created.In(time.FixedZone("", 3600)) },
		"frozen_ms":           func(m *Manifest) { m.FrozenMillis = math.NaN() },
		"steps[1]":            func(m *Manifest) { m.Steps[1].Millis = -1 },
		"volumes[0].name":     func(m *Manifest) { m.Volumes[0].Name = "../volume-0" },
		"volumes[1].name":     func(m *Manifest) { m.Volumes = append(m.Volumes, m.Volumes[0]) },
		"kind":                func(m *Manifest) { m.Volumes[0].Kind = "nfs" },
		"path":                func(m *Manifest) { m.Volumes[0].Source = "/srv/\xff" },
		"capture.method":      func(m *Manifest) { m.Volumes[0].Capture.Method = "rsync" },
		"files[0].name":       func(m *Manifest) { m.Files = []File{{Name: "a/b", SHA256: zeros}} },
		"no plain file name":  func(m *Manifest) { m.Files = []File{{Name: FileName, SHA256: zeros}} },
		"files[1].name":       func(m *Manifest) { m.Files = []File{{Name: "b", SHA256: zeros}, {Name: "a", SHA256: zeros}} },
		"comes twice":         func(m *Manifest) { m.Files = []File{{Name: "b", SHA256: zeros}, {Name: "b", SHA256: zeros}} },
		"no sha256":           func(m *Manifest) { m.Files = []File{{Name: "b", SHA256: "abc"}} },
		"no size":             func(m *Manifest) { m.Files = []File{{Name: "b", SHA256: zeros, Size: -1}} },
		"below asked.require": func(m *Manifest) { m.Status, m.Reached.Level = Sealed, CrashConsistent },
		"fingerprint.list":    func(m *Manifest) { m.Status = Sealed },
		"fingerprint.content": func(m *Manifest) { m.Status, m.Volumes[0].Fingerprint.Content = Sealed, "" },
	}
	for want, spoil := range cases {
		t.Run(want, func(t *testing.T) {
			m := sample()
			spoil(m)
			err := m.Validate()
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Validate: %v, want something about %s", err, want)
			}
		})
	}
}

var zeros = strings.Repeat("0", sealDigits)

func TestLevelsAreOrdered(t *testing.T) {
	for i, l := range []Level{"", CrashConsistent, Flushed, Clean} {
		if l.Rank() != i {
			t.Errorf("%q ranks %d, want %d", l, l.Rank(), i)
		}
	}
}

func TestNewIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		id := NewID()
		if !hexadecimal(id, 32) || seen[id] {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
	}
}
