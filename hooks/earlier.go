package hooks

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/manifest"
)

// clearEarlier removes lull's and CRIU's files of an earlier checkpoint in the
// same folder, which Podman uses again for a container that it left running.
// CRIU is about to write over them, so nothing is lost that was of use; what the
// runtime has written for this one stays.
func clearEarlier(dir string) error {
	m, err := manifest.Read(dir)
	if errors.Is(err, manifest.ErrMissing) {
		return nil
	}
	if err != nil {
		return err
	}
	errs := []error{cleanup.IgnoreAbsent(os.Remove(filepath.Join(dir, manifest.FileName)))}
	for _, f := range m.Files {
		if strings.HasSuffix(f.Name, ".img") || strings.HasSuffix(f.Name, ".list") {
			errs = append(errs, cleanup.IgnoreAbsent(os.Remove(filepath.Join(dir, filepath.Base(f.Name)))))
		}
	}
	return errors.Join(errs...)
}
