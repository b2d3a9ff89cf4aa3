package wait

import (
	"context"
	"errors"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// Ready looks until the server is no longer quiesce.ErrNotReady. When the time
// runs out the error is what was waited for, if that was seen.
func Ready(ctx context.Context, look func(context.Context) (manifest.Database, error)) (now manifest.Database, err error) {
	var waiting error
	err = Until(ctx, func() (bool, error) {
		now, err = look(ctx)
		if errors.Is(err, quiesce.ErrNotReady) {
			waiting = err
			return false, nil
		}
		return err == nil, err
	})
	if Spent(err) && waiting != nil {
		err = waiting
	}
	return now, err
}
