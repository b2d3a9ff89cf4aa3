package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lull-containers/lull/manifest"
)

// manifestSections is a manifest for people.
func manifestSections(m *manifest.Manifest) []section {
	return []section{
		checkpointSection(m), consistencySection(m), databaseSection(m.Database),
		volumesSection(m), hostSection(m.Host), validationsSection(m.Validations), stepsSection("Steps", m.Steps),
	}
}

func checkpointSection(m *manifest.Manifest) section {
	s := section{title: "Checkpoint " + m.ID}
	s.add("taken", "%s, by lull %s", m.Created.UTC().Format(time.RFC3339), cmp.Or(m.Version, "of unknown version"))
	c := m.Container
	s.add("container", "%s in namespace %s", c.ID, c.Namespace)
	s.add("image", "%s", c.Image)
	s.add("runtime", "%s, snapshotter %s", c.Runtime, orDash(c.Snapshotter))
	s.add("labels", "%s", pairs(c.Labels))
	s.add("afterwards", "%s", map[bool]string{true: "it was stopped", false: "it went on"}[c.Exit])
	s.add("frozen", "%s", millisText(m.FrozenMillis))
	s.add("memory", "%s in %s", sizeText(bytesOf(m.Files)), filesText(int64(len(m.Files))))
	return s
}

func filesText(n int64) string {
	if n == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}

func bytesOf(files []manifest.File) (sum int64) {
	for _, f := range files {
		sum += f.Size
	}
	return sum
}

func consistencySection(m *manifest.Manifest) section {
	s := section{title: "Consistency"}
	s.add("level", "%s (required: %s)", m.Reached.Level, orDash(string(m.Asked.Require)))
	s.add("mode", "%s, %s", orDash(m.Asked.Mode), map[bool]string{true: "the fence held", false: "no fence"}[m.Reached.Fenced])
	t := m.Transactions
	s.add("writers", "%d at the start, %d drained, %d terminated, %d in flight (%s), %d prepared",
		t.AtStart, t.Drained, t.Terminated, t.InFlight, orDash(m.Asked.InFlight), t.Prepared)
	for _, h := range m.Held {
		s.add("held", "%s, released by: %s", h.Setting, h.Release)
	}
	s.add("connections", "%d (%s)", m.Network.Connections, orDash(m.Asked.Connections))
	s.add("listens on", "%s", strings.Join(m.Network.Listeners, ", "))
	s.add("network", "%s", m.Network.Mode)
	s.add("warnings", "%s", strings.Join(m.Reached.Warnings, "\n"))
	return s
}

func databaseSection(d manifest.Database) section {
	s := section{title: "Database"}
	words := []string{d.Engine}
	if d.Version != "" {
		words = append(words, d.Version)
	}
	s.add("engine", "%s, detected by %s", strings.Join(words, " "), orDash(d.DetectedBy))
	s.add("role", "%s", d.Role)
	s.add("identity", "%s", pairs(d.Identity))
	s.add("position", "%s", pairs(d.Position))
	s.add("durability", "%s", pairs(d.Durability))
	for _, l := range d.Lineage {
		s.add(l.Kind, "%s", strings.TrimSpace(l.Name+" "+l.Detail))
	}
	return s
}

// pairs is one NAME = VALUE to a line, sorted.
func pairs(m map[string]string) string {
	var lines []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		lines = append(lines, k+" = "+m[k])
	}
	return strings.Join(lines, "\n")
}

func volumesSection(m *manifest.Manifest) section {
	s := section{title: "Files of the database"}
	for _, v := range m.Volumes {
		where := v.Destination
		if v.Source != "" {
			where += " from " + v.Source
		}
		s.add(v.Name, "%s, %s on %s\n%s in %s\n%s", where, v.Kind, v.FileSystem,
			sizeText(v.Fingerprint.Bytes), filesText(v.Fingerprint.Files), captureText(v.Capture))
	}
	return s
}

func captureText(c *manifest.Capture) string {
	if c == nil {
		return "not captured: single use, this host"
	}
	return fmt.Sprintf("captured by %s in %s", c.Method, c.Path)
}

func hostSection(h manifest.Host) section {
	s := section{title: "Host"}
	s.add("system", "Linux %s, %s, cgroup %s", orDash(h.Kernel), orDash(h.Arch), orDash(h.Cgroup))
	s.add("programs", "CRIU %s, runc %s", orDash(h.CRIU), orDash(h.Runc))
	s.add("security", "LSM %s, seccomp %s, user namespace %s", orDash(h.LSM), yesNo(h.Seccomp), yesNo(h.UserNS))
	if len(h.CPU) > 0 {
		s.add("processor", "%d features recorded", len(h.CPU))
	}
	return s
}

func yesNo(b bool) string { return map[bool]string{true: "yes", false: "no"}[b] }

func validationsSection(all []manifest.Validation) section {
	s := section{title: "Validations"}
	for _, v := range all {
		answer, held := v.Answer, ""
		if v.Null {
			answer = "nothing"
		}
		if !v.Comparable {
			held = "  (reported only)"
		}
		s.add(v.Name, "%s  %s  %s%s", v.Query, v.Operator, answer, held)
	}
	return s
}

func stepsSection(title string, steps []manifest.Step) section {
	s := section{title: title}
	for _, st := range steps {
		s.add(st.Name, "%9s  at %9s  %s", millisText(st.Millis), millisText(st.Start), st.Note)
	}
	for i := range s.rows {
		s.rows[i].value = strings.TrimRight(s.rows[i].value, " ")
	}
	return s
}
