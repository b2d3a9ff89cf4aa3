package lab

import (
	"context"
	"time"
)

// PartStatus is one part as `lab status` shows it.
type PartStatus struct {
	Name    string        `json:"name"`
	Version string        `json:"version"`
	Built   bool          `json:"built"`
	Bytes   int64         `json:"bytes,omitempty"`
	Took    time.Duration `json:"took_ns,omitempty"`
	Folder  string        `json:"folder,omitempty"`
}

// DaemonStatus is one daemon as `lab status` shows it.
type DaemonStatus struct {
	Name       string   `json:"name"`
	PID        int      `json:"pid"`
	Running    bool     `json:"running"`
	Address    string   `json:"address"`
	Log        string   `json:"log"`
	Containers []string `json:"containers"` // namespace/id
}

// Status is what there is.
type Status struct {
	Remarks []string       `json:"remarks,omitempty"`
	Parts   []PartStatus   `json:"parts"`
	Daemons []DaemonStatus `json:"daemons"`
}

// GetStatus looks at the cache and at the daemons' folders; it asks no daemon.
func GetStatus(ctx context.Context, l Layout) (Status, error) {
	var remarks notes
	parts, err := allParts(ctx, &remarks)
	if err != nil {
		return Status{}, err
	}
	s := Status{Remarks: remarks.lines, Daemons: []DaemonStatus{}}
	for _, k := range parts {
		s.Parts = append(s.Parts, partStatus(l, k))
	}
	for _, n := range l.daemonNames() {
		s.Daemons = append(s.Daemons, daemonStatus(l, n))
	}
	return s, nil
}

func partStatus(l Layout, k keyed) PartStatus {
	p := PartStatus{Name: k.Name, Version: k.Version}
	if st, err := readStamp(k.dir(l)); err == nil && st.Key == k.Key {
		p.Built, p.Bytes, p.Took, p.Folder = true, st.Bytes, st.Took, k.dir(l)
		if st.Found != "" {
			p.Version = st.Found + " (" + k.Version + ")"
		}
	}
	return p
}

func daemonStatus(l Layout, name string) DaemonStatus {
	s := DaemonStatus{Name: name, Containers: []string{}}
	if d, err := l.daemon(name); err == nil {
		s.PID, s.Running, s.Address, s.Log = d.Process.PID, d.Alive(), d.Address, d.Log
	}
	for _, b := range l.bundles(name) {
		s.Containers = append(s.Containers, b.Namespace+"/"+b.ID)
	}
	return s
}

// notes is a Reporter that keeps the remarks.
type notes struct {
	silent
	lines []string
}

func (n *notes) Note(line string) { n.lines = append(n.lines, line) }
