package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/google/go-cmp/cmp"

	"github.com/lull-containers/lull/manifest"
)

func TestSurplus(t *testing.T) {
	noon := time.Date(2026, 3, 10, 12, 0, 0, 0, time.Local)
	kept := func(container, name, id string, hoursAgo int) Kept {
		m := &manifest.Manifest{ID: id, Created: noon.Add(-time.Duration(hoursAgo) * time.Hour).UTC(), Container: manifest.Container{ID: container}}
		return Kept{Namespace: "default", Image: images.Image{Name: name}, Manifest: m}
	}
	elsewhere, another := kept("db", "another-host", "7", 2000), kept("db", "another-engine", "8", 2000)
	elsewhere.Manifest.Host.Name, another.Manifest.Database.Engine = "standby", "redis"
	broken := kept("db", "broken", "0", 0)
	broken.Problem = errors.New("pending")
	all := []Kept{
		broken, elsewhere, another, kept("db", "new", "1", 1), kept("db", "newer-too", "1", 1), kept("db", "same-day", "2", 3),
		kept("db", "yesterday", "3", 24), kept("db", "yesterday-early", "4", 30), kept("db", "old", "5", 72),
		kept("other", "others-only", "6", 1000), {Image: images.Image{Name: "unreadable"}, Problem: errors.New("no archive")},
		{Image: images.Image{Name: "no database"}},
	}
	for name, tc := range map[string]struct {
		policy Policy
		goes   []string
	}{
		"last":      {Policy{Last: 1}, []string{"old", "yesterday-early", "yesterday", "same-day"}},
		"more":      {Policy{Last: 10}, nil},
		"daily":     {Policy{Daily: 2}, []string{"old", "yesterday-early", "same-day"}},
		"all days":  {Policy{Daily: 9}, []string{"yesterday-early", "same-day"}},
		"both":      {Policy{Last: 2, Daily: 2}, []string{"old", "yesterday-early"}},
		"two names": {Policy{Last: 1, Daily: 1}, []string{"old", "yesterday-early", "yesterday", "same-day"}},
	} {
		var got []string
		for _, k := range tc.policy.Surplus(slices.Clone(all)) {
			got = append(got, k.Image.Name)
		}
		if diff := cmp.Diff(tc.goes, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
