// Package manifest is the consistency manifest: what a checkpoint was asked
// to keep, what it reached, and what a restore must find again before the
// first restored process may run. It travels as one flat file in the folder
// of CRIU images. It holds no secret, ever.
package manifest

import "time"

// FileName is the manifest's name in the folder of CRIU images. The folder is
// kept flat because CRI's archive code breaks on subfolders and on symlinks.
const FileName = "lull-manifest.json"

// Schema names the format and its version.
const Schema = "lull.manifest/1"

// Status says how far the checkpoint came.
type Status string

// The states of a manifest. Only a sealed one restores.
const (
	Pending  Status = "pending"  // written before the thaw, digests unknown
	Sealed   Status = "sealed"   // every digest known and every promise kept
	Poisoned Status = "poisoned" // thawed by the watchdog: can never be sealed
)

// Level is the consistency that the checkpoint reached, weakest first.
type Level string

// The levels, see Level.Rank for their order.
const (
	CrashConsistent Level = "crash-consistent" // frozen together with its files
	Flushed         Level = "flushed"          // and flushed just before
	Clean           Level = "clean"            // and fenced, no write transaction in flight
)

// Rank orders levels; an unknown level ranks below all.
func (l Level) Rank() int {
	switch l {
	case CrashConsistent:
		return 1
	case Flushed:
		return 2
	case Clean:
		return 3
	}
	return 0
}

// Manifest is the whole record. Times are UTC, durations milliseconds.
type Manifest struct {
	Schema  string    `json:"schema"`
	Seal    string    `json:"seal"` // sha256 of this file with the seal's digits as zeros
	Status  Status    `json:"status"`
	ID      string    `json:"id"` // of the checkpoint: 32 hexadecimal digits
	Created time.Time `json:"created"`
	Version string    `json:"lull_version"`
	Reason  string    `json:"reason,omitempty"` // why it was poisoned

	Container    Container    `json:"container"`
	Asked        Asked        `json:"asked"`
	Reached      Reached      `json:"reached"`
	Database     Database     `json:"database"`
	Transactions Transactions `json:"transactions"`
	Held         []Held       `json:"held,omitempty"`
	Network      Network      `json:"network"`
	Volumes      []Volume     `json:"volumes"`
	Files        []File       `json:"files"` // of the CRIU image folder, the manifest excepted
	Host         Host         `json:"host"`
	Validations  []Validation `json:"validations,omitempty"`
	Steps        []Step       `json:"steps"`
	FrozenMillis float64      `json:"frozen_ms"` // freeze to thaw, or to the last step that was recorded
}

// Container identifies what was checkpointed, and what a restore needs to
// make the container again.
type Container struct {
	ID          string            `json:"id"`
	Namespace   string            `json:"namespace"`
	Image       string            `json:"image,omitempty"`
	Snapshotter string            `json:"snapshotter,omitempty"`
	Runtime     string            `json:"runtime"`
	Labels      map[string]string `json:"labels,omitempty"` // lull/… and user labels, as containerd had them
	Exit        bool              `json:"exit"`             // checkpoint and stop
}

// Asked is what the labels, the configuration and the client wanted.
type Asked struct {
	Mode        string `json:"mode"`        // flush, fence, none
	Require     Level  `json:"require"`     // refuse below this
	InFlight    string `json:"in_flight"`   // keep, abort, terminate
	Connections string `json:"connections"` // close, keep, refuse
	OnDrift     string `json:"on_drift"`    // refuse, rollback, cold
	Volumes     string `json:"volumes"`     // auto, fingerprint
}

// Reached is what the checkpoint really is.
type Reached struct {
	Level    Level    `json:"level"`
	Fenced   bool     `json:"fenced"`
	Warnings []string `json:"warnings,omitempty"`
}

// Database is what the driver saw under the cut.
type Database struct {
	Engine     string `json:"engine"` // postgres, mysql, …
	Version    string `json:"version,omitempty"`
	DetectedBy string `json:"detected_by"` // label, annotation, image, arguments, environment
	Role       string `json:"role,omitempty"`
	// Identity must be equal after a restore.
	Identity map[string]string `json:"identity,omitempty"`
	// Position must not be behind after a restore; the driver compares.
	Position map[string]string `json:"position,omitempty"`
	// Durability are settings that a cold start would suffer from.
	Durability map[string]string `json:"durability,omitempty"`
	// Folders are the container's folders that the server keeps its files in.
	Folders []string `json:"folders,omitempty"`
	// Lineage names what follows or feeds this server.
	Lineage []Lineage `json:"lineage,omitempty"`
}

// Lineage is one tie to the outside: a replica, a slot, an upstream, an archive.
type Lineage struct {
	Kind   string `json:"kind"` // replica, slot, upstream, archive
	Name   string `json:"name"`
	Detail string `json:"detail,omitempty"`
}

// Transactions counts write transactions around the cut.
type Transactions struct {
	AtStart    int `json:"at_start"`
	Drained    int `json:"drained"`
	Terminated int `json:"terminated"`
	InFlight   int `json:"in_flight"` // in the image; roll back when their connection closes
	Prepared   int `json:"prepared"`
}

// The ways that something held ends.
const (
	BySession   = "session"
	ByExpiry    = "expiry"
	ByStatement = "statement"
	ByFlush     = "flush"
)

// Held is something that the image still holds and a restored copy must release.
type Held struct {
	Setting string `json:"setting"`
	Prior   string `json:"prior,omitempty"`
	Ours    string `json:"ours,omitempty"`
	// Release says what ends it: session, when our connection closes; expiry,
	// by itself; statement, only by releasing it; flush, the flush that needs
	// it, and if that died, only a release.
	Release string `json:"release"`
}

// Network says how the network namespace is kept.
type Network struct {
	Mode        string   `json:"mode"` // lull: made by us at Create; path: given by the spec; runtime: the runtime's own; host
	Listeners   []string `json:"listeners,omitempty"`
	Connections int      `json:"connections"` // established at the freeze, ours excepted
}

// Volume is one place that the database's files live in.
type Volume struct {
	Name        string      `json:"name"`        // volume-0, volume-1, … as in the capture store
	Kind        string      `json:"kind"`        // bind, rw, tmpfs
	Destination string      `json:"destination"` // path in the container
	Source      string      `json:"source"`      // path on the host; empty for rw
	FileSystem  string      `json:"file_system"` // ext4, xfs, btrfs, overlayfs …
	Fingerprint Fingerprint `json:"fingerprint"`
	Capture     *Capture    `json:"capture,omitempty"` // none: single use, this host
}

// Fingerprint sums up a volume; the list of files is a flat file beside the manifest.
type Fingerprint struct {
	List    string `json:"list"`    // name of the list's file, its digest is in Manifest.Files
	Content string `json:"content"` // sha256 over paths, types, modes, owners, sizes and contents; empty: only times were recorded
	Files   int64  `json:"files"`
	Bytes   int64  `json:"bytes"`
}

// Capture is a copy of the volume at the instant of the cut.
type Capture struct {
	Store  string `json:"store"`  // folder of the capture store on the host
	Path   string `json:"path"`   // folder of this capture
	Method string `json:"method"` // copy, reflink, snapshot
	Bytes  int64  `json:"bytes"`
}

// File is one file of the CRIU image folder.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Host is what the processes were dumped on; restores elsewhere are checked against it.
type Host struct {
	Name    string   `json:"name,omitempty"` // its own
	Arch    string   `json:"arch"`
	Kernel  string   `json:"kernel"`
	CPU     []string `json:"cpu_flags,omitempty"`
	CRIU    string   `json:"criu"`
	Runc    string   `json:"runc"`
	LSM     string   `json:"lsm,omitempty"` // profile of the container's init process
	Seccomp bool     `json:"seccomp"`
	UserNS  bool     `json:"user_namespace"`
	Cgroup  string   `json:"cgroup"` // v1, v2

	CgroupDriver string `json:"cgroup_driver,omitempty"` // cgroupfs, systemd; empty: not known
}

// Validation is one query of the user's and its answer under the cut.
type Validation struct {
	Name       string `json:"name"`
	Query      string `json:"query"`
	Operator   string `json:"operator"` // eq, ge
	Answer     string `json:"answer"`
	Null       bool   `json:"null,omitempty"`   // there was no value; the answer is empty then
	Writes     string `json:"writes,omitempty"` // the server's mark that changes with each committed write
	Comparable bool   `json:"comparable"`       // the answer was of the cut itself: enforced
}

// Step is one step of the sequence and the time that it took.
type Step struct {
	Name   string  `json:"name"`
	Start  float64 `json:"start_ms"` // since the sequence began
	Millis float64 `json:"ms"`
	Note   string  `json:"note,omitempty"`
}
