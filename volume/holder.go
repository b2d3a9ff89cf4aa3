package volume

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

// Holder is who lives on a data folder.
type Holder struct {
	Container string `json:"container"`
	Namespace string `json:"namespace"`
	PID       int    `json:"pid"` // of the container's init process, on the host; 0: not started yet
}

// holderRecord is what is kept of a holder. Start and Boot make its pid a name
// that is never used again.
type holderRecord struct {
	Holder
	DataDir string    `json:"data_dir"`
	Start   string    `json:"start,omitempty"` // of the process, clock ticks since boot
	Boot    string    `json:"boot"`
	Since   time.Time `json:"since"`
}

func newRecord(dataDir string, h Holder) (holderRecord, error) {
	r := holderRecord{Holder: h, DataDir: safe(dataDir), Since: time.Now().UTC()}
	var err error
	if r.Boot, err = bootID(); err != nil {
		return r, fmt.Errorf("record the holder of %s: %w", show(dataDir), err)
	}
	if h.PID == 0 {
		return r, nil
	}
	p, err := processAt(h.PID)
	if err != nil || p.dead() {
		return r, fmt.Errorf("record the holder of %s: process %d is not alive", show(dataDir), h.PID)
	}
	r.Start = p.start
	return r, nil
}

// alive reports whether the recorded process still is. When that cannot be
// told it is taken to be.
func (r holderRecord) alive() bool {
	if r.PID == 0 {
		return false
	}
	if boot, err := bootID(); err == nil && boot != r.Boot {
		return false
	}
	p, err := processAt(r.PID)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	return err != nil || p.start == r.Start && !p.dead()
}

func bootID() (string, error) {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b)), err
}

// process is what /proc tells.
type process struct{ state, start string }

// dead: only its parent still has to hear of it.
func (p process) dead() bool { return p.state == "Z" || p.state == "X" }

func processAt(pid int) (process, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	// The name stands in parentheses and may itself hold some.
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) < 20 {
		return process{}, fmt.Errorf("/proc/%d/stat has too few fields", pid)
	}
	return process{state: string(fields[0]), start: string(fields[19])}, nil
}

const maxHolder = 64 << 10

func readHolder(path string) (r holderRecord, found bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, false, nil
	}
	if err != nil {
		return r, false, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxHolder))
	if err != nil {
		return r, false, err
	}
	r, err = decodeHolder(b)
	return r, err == nil, err
}

func decodeHolder(b []byte) (holderRecord, error) {
	var r holderRecord
	if err := strictly(b, &r); err != nil {
		return r, err
	}
	if r.Boot == "" || r.PID < 0 || (r.PID > 0) != (r.Start != "") {
		return r, errors.New("it names no process")
	}
	return r, nil
}

// writeHolder replaces the record at once: a reader sees the old or the new.
func writeHolder(path string, r holderRecord) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	temp := path + ".tmp"
	if err := os.WriteFile(temp, b, 0o600); err != nil {
		return &PathError{Class: ErrPath, Path: temp, Err: err}
	}
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(&PathError{Class: ErrPath, Path: path, Err: err}, removeFile(temp))
	}
	return nil
}
