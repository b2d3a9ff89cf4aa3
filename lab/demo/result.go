package demo

import "github.com/lull-containers/lull/manifest"

// Result is what the demo measured. Its JSON form is what --json prints.
type Result struct {
	Versions Versions `json:"versions"`
	Acts     []*Act   `json:"acts"`
	Seconds  float64  `json:"seconds"` // of the whole demo
	Kept     bool     `json:"kept"`    // the databases still run
}

// Act is one checkpoint and its restore.
type Act struct {
	Name     string    `json:"name"`
	Title    string    `json:"title"`
	Commands []Ran     `json:"commands"`
	Cut      Cut       `json:"checkpoint"`
	Back     Back      `json:"restore"`
	Verdicts []Verdict `json:"verdicts"`
}

// Cut is what a checkpoint was.
type Cut struct {
	By          string          `json:"by"` // the command, in two or three words
	Image       string          `json:"image"`
	Seconds     float64         `json:"seconds"` // of the command
	Level       manifest.Level  `json:"level"`
	Stops       bool            `json:"stops"`               // it ended the container
	StallMillis float64         `json:"stall_ms,omitempty"`  // longest time without an answer to any client
	Frozen      float64         `json:"frozen_ms,omitempty"` // as lull recorded it
	Steps       []manifest.Step `json:"steps"`               // as the manifest has them
	Memory      int64           `json:"memory_bytes"`        // CRIU's images
	Files       int64           `json:"files_bytes"`         // of the database
	Bytes       int64           `json:"image_bytes"`         // the whole checkpoint in containerd
}

// Back is what a restore was.
type Back struct {
	By          string          `json:"by"`
	Seconds     float64         `json:"seconds"`
	FirstMillis float64         `json:"first_answer_ms"` // from the command's beginning to the first answered query
	RolledBack  bool            `json:"rolled_back"`
	Steps       []manifest.Step `json:"steps"`   // as lull recorded them
	Checked     []string        `json:"checked"` // facts that lull compared before it let clients in
}

// Verdict is one promise, kept or not.
type Verdict struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

// err is ErrVerdict when a promise was not kept.
func (r *Result) err() error {
	for _, a := range r.Acts {
		for _, v := range a.Verdicts {
			if !v.OK {
				return ErrVerdict
			}
		}
	}
	return nil
}

// verdict finds the act's verdict of a name.
func (a *Act) verdict(name string) (Verdict, bool) {
	for _, v := range a.Verdicts {
		if v.Name == name {
			return v, true
		}
	}
	return Verdict{}, false
}
