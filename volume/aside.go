package volume

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/lull-containers/lull/internal/durable"
)

// Aside is a put back that was neither finished nor undone, and whose old
// contents are still kept: its shim was killed, or they could not be removed.
type Aside struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Volumes []string  `json:"volumes"` // folders on the host
	Inodes  []uint64  `json:"inodes"`  // of these folders
	// Kept are the folders with the contents from before.
	Kept []string `json:"-"`
	// Absent are those of the volumes that are not there, and may keep something.
	Absent []string `json:"-"`
	// Decided says that the new contents stand: what is kept may go. Else a
	// restore or Recover puts it back.
	Decided bool `json:"-"`
	Busy    bool `json:"-"` // a live process is at work on it
}

// record writes down where a put back keeps what, for Asides; removed says
// that there is nothing kept any more.
func (r *Rollback) record(dir string, of journal) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	a := Aside{ID: of.ID, Created: of.Created, Volumes: of.Members, Inodes: of.Inodes}
	data, err := json.Marshal(a)
	if err != nil {
		return err
	}
	r.note = filepath.Join(dir, of.ID+".json")
	return durable.WriteFile(r.note, append(data, '\n'), 0o600)
}

func (r *Rollback) erase() error {
	if r.note == "" {
		return nil
	}
	return removeFile(r.note)
}

// Asides lists what put backs that were recorded in dir still keep, and
// removes the records of those that keep nothing.
func Asides(ctx context.Context, dir string) ([]Aside, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var all []Aside
	for _, path := range paths {
		a, kept, err := readAside(path)
		if err := errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		switch {
		case kept:
			all = append(all, a)
		case !a.Busy:
			if err := removeFile(path); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

func readAside(path string) (a Aside, kept bool, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Aside{Busy: true}, false, nil // it ended meanwhile
	}
	if err == nil {
		err = json.Unmarshal(data, &a)
	}
	if err == nil && len(a.Volumes) != len(a.Inodes) {
		err = errors.New("it does not name as many inodes as volumes")
	}
	if err != nil {
		return a, false, fmt.Errorf("%s: %w", path, err)
	}
	for i := range a.Volumes {
		if a.Volumes[i], err = raw(a.Volumes[i]); err != nil {
			return a, false, fmt.Errorf("%s: %w", path, err)
		}
		if err := a.look(i); err != nil {
			return a, false, err
		}
	}
	return a, a.Busy || len(a.Kept)+len(a.Absent) > 0, nil
}

// look asks one volume.
func (a *Aside) look(i int) error {
	s, err := openMember(safe(a.Volumes[i]), a.Inodes[i], nil)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		a.Absent = append(a.Absent, a.Volumes[i])
		return nil
	case errors.Is(err, ErrBusy):
		a.Busy = true
		return nil
	case err != nil:
		return err
	}
	if s.work != nil && s.journal.ID == a.ID {
		a.Kept = append(a.Kept, filepath.Join(s.work.Name(), "old"))
		a.Decided = a.Decided || i == 0 && s.journal.State == committed
	}
	return s.close()
}

// DropAside lets go of what a decided put back keeps, on all its volumes. One
// that was not decided is ErrBusy: its contents may be the only ones.
func DropAside(ctx context.Context, dir, id string) error {
	all, err := Asides(ctx, dir)
	if err != nil {
		return err
	}
	for _, a := range all {
		if a.ID != id {
			continue
		}
		if a.Busy || !a.Decided {
			return &PathError{Class: ErrBusy, Path: a.Volumes[0],
				Why: "what is kept aside may be all that there is", Remedy: "restore the database first, or recover the volume"}
		}
		if _, err := Recover(ctx, a.Volumes[0]); err != nil {
			return err
		}
		return removeFile(filepath.Join(dir, id+".json"))
	}
	return fmt.Errorf("nothing is kept aside under the id %s: %w", id, fs.ErrNotExist)
}
