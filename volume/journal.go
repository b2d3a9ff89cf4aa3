package volume

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// A put back works in a folder of its own, the work folder, on the volume's
// file system:
//
//	journal   what is below
//	new/      the staged copy of the capture, as far as it was not moved in
//	old/      the contents from before, as far as they were moved out
//	discard/  what an undo moved out
//
// Only names move between these and the volume, and the state on disk says
// what they mean. Recovery therefore needs no list of files.
type state string

const (
	staging   state = "staging"   // volume: all of the old; new: not complete
	movingOut state = "out"       // volume and old: together all of the old
	movingIn  state = "in"        // volume and new: together all of the new; old: all of the old
	swapped   state = "new"       // volume: all of the new; old: all of the old
	committed state = "committed" // volume: all of the new; the work folder may go
)

const (
	journalSchema = "lull.putback/1"
	journalName   = "journal"
	journalTemp   = "journal.tmp"
	maxJournal    = 1 << 20
)

// journal is the record that makes a put back recoverable.
type journal struct {
	Schema  string    `json:"schema"`
	ID      string    `json:"id"`
	State   state     `json:"state"`
	Dst     string    `json:"dst"`     // this volume
	Members []string  `json:"members"` // all volumes; the first one's journal decides for all
	Inodes  []uint64  `json:"inodes"`  // of the members' own folders: another one there is not the volume
	Root    record    `json:"root"`    // of the volume's own folder, from before
	Created time.Time `json:"created"`
}

func (j *journal) validate() error {
	if j.Schema != journalSchema {
		return fmt.Errorf("its schema is %q, this lull reads %q", j.Schema, journalSchema)
	}
	switch j.State {
	case staging, movingOut, movingIn, swapped, committed:
	default:
		return fmt.Errorf("its state %q is unknown", j.State)
	}
	if len(j.ID) != 16 || !slices.Contains(j.Members, j.Dst) || len(j.Inodes) != len(j.Members) {
		return errors.New("its id or its members are not right")
	}
	root, err := j.Root.entry()
	if err == nil && (root.Type != Folder || root.Path != ".") {
		err = errors.New("its root is no folder")
	}
	return err
}

func decodeJournal(r io.Reader) (journal, error) {
	var j journal
	b, err := io.ReadAll(io.LimitReader(r, maxJournal))
	if err != nil {
		return j, err
	}
	if err := strictly(b, &j); err != nil {
		return j, err
	}
	return j, j.validate()
}

// readJournal gives fs.ErrNotExist where none was written yet.
func readJournal(work *os.File) (journal, error) {
	f, err := openQuiet(work, journalName, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return journal{}, err
	}
	if err != nil {
		return journal{}, journalError(work, err)
	}
	defer f.Close()
	j, err := decodeJournal(f)
	if err != nil {
		return journal{}, journalError(work, err)
	}
	return j, nil
}

func journalError(work *os.File, err error) error {
	return &PathError{Class: ErrJournal, Path: work.Name(), Err: err,
		Remedy: "nothing was touched; the contents from before are in its folder old and in the volume"}
}

// writeJournal replaces the journal durably.
func writeJournal(work *os.File, j *journal) error {
	b, err := json.Marshal(j)
	if err != nil {
		return err
	}
	f, err := openBeneath(work, journalTemp, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC, 0o600)
	if err != nil {
		return &PathError{Class: ErrPath, Path: work.Name(), Err: err}
	}
	if err := errors.Join(writeAt(f, b, 0), f.Sync(), f.Close()); err != nil {
		return &PathError{Class: ErrPath, Path: work.Name(), Err: err}
	}
	if err := unix.Renameat(int(work.Fd()), journalTemp, int(work.Fd()), journalName); err != nil {
		return &PathError{Class: ErrPath, Path: work.Name(), Err: err}
	}
	return work.Sync()
}
