package volume

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lull-containers/lull/internal/flock"

	"golang.org/x/sys/unix"
)

// Lease is the right to run a server on a data folder. There is one per folder
// and host, whatever path or mount leads to it. The kernel holds it for this
// process: it ends when the process does, or with Release.
type Lease struct {
	lock    *os.File
	path    string // of the lock file; the holder's record is beside it
	dataDir string
	holder  holderRecord
}

// LeaseError says who has the data folder. Its class is ErrLeased.
type LeaseError struct {
	DataDir string
	Holder  Holder
	Why     string
	Remedy  string
}

// Error is one line with the ways out.
func (e *LeaseError) Error() string {
	return fmt.Sprintf("%v: %s: %s; %s", ErrLeased, show(e.DataDir), e.Why, e.Remedy)
}

// Unwrap gives ErrLeased.
func (e *LeaseError) Unwrap() error { return ErrLeased }

// AcquireLease takes the lease of dataDir at once or fails with a *LeaseError.
// The lock and the holder's record are in stateDir, one folder for the whole
// host that need not outlive a reboot. A recorded server that still lives,
// running or paused, keeps others out even when nobody holds the lock any
// more; only its own container may then take the lease, naming the same PID.
func AcquireLease(stateDir, dataDir string, h Holder) (*Lease, error) {
	path, err := leasePath(stateDir, dataDir)
	if err != nil {
		return nil, err
	}
	l := &Lease{path: path, dataDir: dataDir}
	if err := l.take(); err != nil {
		return nil, err
	}
	if err := l.enter(h); err != nil {
		return nil, errors.Join(err, flock.Close(l.lock))
	}
	return l, nil
}

func leasePath(stateDir, dataDir string) (string, error) {
	dir, err := openRoot(dataDir)
	if err != nil {
		return "", err
	}
	defer dir.Close()
	s, err := statAt(dir, "")
	if err != nil {
		return "", &PathError{Class: ErrPath, Path: dataDir, Err: err}
	}
	if err := os.MkdirAll(stateDir, 0o700); err != nil {
		return "", &PathError{Class: ErrPath, Path: stateDir, Err: err}
	}
	return leaseKey(stateDir, &s), nil
}

func leaseKey(stateDir string, s *stat) string {
	return filepath.Join(stateDir, fmt.Sprintf("%d.%d.%d", unix.Major(s.Device), unix.Minor(s.Device), s.Inode))
}

// take gets the lock, on the file that has the name when it is locked: a
// holder that lets go removes its file.
func (l *Lease) take() error {
	for {
		f, err := os.OpenFile(l.path+".lock", os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
		if err != nil {
			return &PathError{Class: ErrPath, Path: l.path, Err: err}
		}
		if err := flock.Try(f, flock.Exclusive); err != nil {
			return errors.Join(l.taken(err), f.Close())
		}
		s, err := statAt(f, "")
		if err == nil && s.Nlink > 0 {
			l.lock = f
			return nil
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return &PathError{Class: ErrPath, Path: l.path, Err: err}
		}
	}
}

func (l *Lease) taken(err error) error {
	if !errors.Is(err, flock.ErrHeld) {
		return &PathError{Class: ErrPath, Path: l.path, Why: "it cannot be locked", Err: err}
	}
	r, _, _ := readHolder(l.path + ".json") // who it is only helps a person
	return l.refusal(r.Holder)
}

func (l *Lease) refusal(h Holder) error {
	who := "a server whose name is not recorded"
	if h.Container != "" {
		who = fmt.Sprintf("container %s in namespace %s (pid %d)", h.Container, h.Namespace, h.PID)
	}
	return &LeaseError{DataDir: l.dataDir, Holder: h, Why: who + " lives on it",
		Remedy: "stop and delete that container, or restore onto a copy of the volume"}
}

// enter records h unless the record there names a server that lives.
func (l *Lease) enter(h Holder) error {
	old, found, err := readHolder(l.path + ".json")
	if err != nil {
		return &LeaseError{DataDir: l.dataDir, Why: "the record of its holder cannot be read: " + err.Error(),
			Remedy: "make sure that no server runs on it, then remove " + l.path + ".json"}
	}
	if found && old.alive() && old.Holder != h {
		return l.refusal(old.Holder)
	}
	return l.write(h)
}

// Record names the container's init process once it is known. It fails when
// that process does not live.
func (l *Lease) Record(pid int) error {
	h := l.holder.Holder
	h.PID = pid
	return l.write(h)
}

func (l *Lease) write(h Holder) error {
	r, err := newRecord(l.dataDir, h)
	if err != nil {
		return err
	}
	if err := writeHolder(l.path+".json", r); err != nil {
		return err
	}
	l.holder = r
	return nil
}

// Release gives the lease up. While the recorded server lives its record
// stays and keeps others out; the error, a *LeaseError, says so.
func (l *Lease) Release() error {
	if l.holder.alive() {
		return errors.Join(l.refusal(l.holder.Holder), flock.Close(l.lock))
	}
	err := errors.Join(removeFile(l.path+".json"), removeFile(l.path+".lock"))
	return errors.Join(err, flock.Close(l.lock))
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return &PathError{Class: ErrPath, Path: path, Err: err}
	}
	return nil
}
