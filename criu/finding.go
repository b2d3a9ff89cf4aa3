package criu

// Severity says what a finding means for a checkpoint or restore.
type Severity string

// The severities.
const (
	OK   Severity = "ok"
	Warn Severity = "warn" // works, with a reservation
	Fail Severity = "fail" // cannot work
)

// Finding is one thing that was looked at. It holds no secret.
type Finding struct {
	Severity Severity `json:"severity"`
	Check    string   `json:"check"` // what was looked at, one or two words
	What     string   `json:"what"`  // what was seen, one line
	Remedy   string   `json:"remedy,omitempty"`
}

// Worst is the highest severity among the findings; OK when there is none.
func Worst(all []Finding) Severity {
	worst := OK
	for _, f := range all {
		if f.Severity == Fail {
			return Fail
		}
		if f.Severity == Warn {
			worst = Warn
		}
	}
	return worst
}
