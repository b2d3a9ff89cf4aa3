package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/containerd/containerd/api/types/task"

	"github.com/lull-containers/lull/internal/state"
)

// psRow is one line of `lull ps`.
type psRow struct {
	Namespace  string     `json:"namespace"`
	ID         string     `json:"id"`
	Image      string     `json:"image,omitempty"`
	Engine     string     `json:"engine"`
	Version    string     `json:"version,omitempty"`
	DetectedBy string     `json:"detected_by,omitempty"`
	Status     string     `json:"status"` // of containerd's task; none: no task
	Served     bool       `json:"served"` // by lull's shim
	Phase      string     `json:"phase,omitempty"`
	Since      *time.Time `json:"since,omitempty"` // of the phase
	Checkpoint string     `json:"checkpoint,omitempty"`
	Level      string     `json:"level,omitempty"`
	Error      string     `json:"error,omitempty"`
	Warnings   []string   `json:"warnings,omitempty"`

	state string // for people
}

func rowOf(s *subject, now time.Time) psRow {
	row := psRow{
		Namespace: s.namespace, ID: s.info.ID, Image: s.info.Image,
		Engine: s.found.Engine, DetectedBy: s.found.By,
		Status: statusWord(s.status), Served: s.record != nil, state: stateText(s, now),
	}
	if s.wrong != nil {
		row.Error = s.wrong.Error()
	}
	if r := s.record; r != nil {
		row.Version, row.Phase, row.Since = r.Version, string(r.Phase), &r.Since
		row.Checkpoint, row.Level, row.Error, row.Warnings = r.Checkpoint, r.Level, r.Error, r.Warnings
	}
	return row
}

func statusWord(s task.Status) string {
	if s == task.Status_UNKNOWN {
		return "none"
	}
	return strings.ToLower(s.String())
}

// stateText puts containerd's status and lull's phase into one phrase.
func stateText(s *subject, now time.Time) string {
	if s.wrong != nil {
		return "label not understood"
	}
	if s.record != nil {
		if text := phaseText(s.record, s.status, now); text != "" {
			return text
		}
	}
	switch {
	case s.silent():
		return "its shim does not answer"
	case s.status == task.Status_UNKNOWN:
		return "no task"
	}
	return statusWord(s.status)
}

// phaseText is empty where the phase adds nothing to the status.
func phaseText(r *state.Record, status task.Status, now time.Time) string {
	age := ageText(now.Sub(r.Since))
	switch r.Phase {
	case state.Copying:
		return "copying its volumes, " + age
	case state.Quiescing:
		return "quiescing, " + age
	case state.Dumping:
		return "being checkpointed, " + age
	case state.Restoring:
		return "being restored, " + age
	case state.Verifying:
		return "verifying, closed, " + age
	case state.Refused:
		return "refused"
	case state.Checkpoint:
		if status == task.Status_STOPPED {
			return "checkpointed, stopped"
		}
	case state.Frozen:
		if status == task.Status_PAUSED {
			return "paused, " + age
		}
	}
	return ""
}

// ageText is a rough duration: 0s, 59s, 3m, 2h, 4d.
func ageText(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", max(0, int(d.Seconds())))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

func (a *app) printPs(rows []psRow) {
	table := [][]string{{"NAMESPACE", "CONTAINER", "ENGINE", "VERSION", "DETECTED BY", "STATE", "LULL"}}
	for _, r := range rows {
		table = append(table, []string{r.Namespace, shortID(r.ID), orDash(r.Engine), orDash(r.Version),
			orDash(r.DetectedBy), r.state, servedText(r)})
	}
	a.table(table)
}

func servedText(r psRow) string {
	switch {
	case r.Served:
		return "serves it"
	case r.Status == "none" || r.Status == "stopped" || r.Engine == "" && r.Error == "":
		return "-"
	}
	return "runs without lull"
}
