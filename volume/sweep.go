package volume

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/lull-containers/lull/internal/flock"
)

// SweepLeases removes what is left in stateDir of the leases of one container
// whose shim was killed. A lease that is held stays, and so does the record of
// a server that lives.
func SweepLeases(stateDir, namespace, container string) error {
	records, err := filepath.Glob(filepath.Join(stateDir, "*.json"))
	if err != nil {
		return err
	}
	var errs []error
	for _, path := range records {
		if leftBy(path, namespace, container) {
			errs = append(errs, sweepLease(path, namespace, container))
		}
	}
	return errors.Join(errs...)
}

// leftBy is true for the record of a container's server that is dead.
func leftBy(path, namespace, container string) bool {
	r, found, err := readHolder(path)
	return err == nil && found && r.Container == container && r.Namespace == namespace && !r.alive()
}

// sweepLease looks again under the lock: the lease may be another's by now.
func sweepLease(path, namespace, container string) error {
	l := &Lease{path: strings.TrimSuffix(path, ".json")}
	err := l.take()
	if held := (*LeaseError)(nil); errors.As(err, &held) {
		return nil
	}
	if err != nil {
		return err
	}
	if !leftBy(path, namespace, container) {
		return flock.Close(l.lock)
	}
	return l.Release()
}
