package captures

import (
	"context"
	"path/filepath"

	"github.com/lull-containers/lull/volume"
)

// AsideRecords is where put backs note what they keep aside of volumes.
func (s Store) AsideRecords() string { return filepath.Join(s.Dir, "asides") }

// Asides lists what rollbacks keep of the volumes that they replaced and that
// is still there: a rollback lets it go itself once the restore is verified.
func (s Store) Asides(ctx context.Context) ([]volume.Aside, error) {
	return volume.Asides(ctx, s.AsideRecords())
}

// DropAside lets go of what one rollback keeps aside. Only one that was
// decided, whose new contents stand, can be dropped.
func (s Store) DropAside(ctx context.Context, id string) error {
	return volume.DropAside(ctx, s.AsideRecords(), id)
}
