package deep

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	containerd "github.com/containerd/containerd/v2/client"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/store"
)

// undoTime bounds each undo.
const undoTime = 30 * time.Second

// Verifier checks one checkpoint.
type Verifier struct {
	Client *containerd.Client
	Image  *store.Checkpoint
	// Manifest of Image, sealed.
	Manifest *manifest.Manifest
	// Captures of this host: the manifest's own places are never looked at.
	Captures store.Captures
	// Dir is where the copy of what was captured is made, and removed again; on
	// the file system of the captures it costs next to nothing where files can
	// be cloned.
	Dir string
}

// Verify runs every check of the engine and tells of each as it is done. It goes
// on behind one that fails, and then returns ErrDamaged; any other error says
// why they could not be run. Nothing of it stays.
func (v *Verifier) Verify(ctx context.Context, found func(Finding)) (err error) {
	p, err := planOf(v.Manifest.Database.Engine)
	if err != nil {
		return err
	}
	var undo cleanup.Stack
	defer func() {
		if undone := undo.Run(ctx, undoTime); err == nil {
			err = undone
		}
	}()
	r, err := v.open(ctx, &undo)
	if err != nil {
		return err
	}
	return r.all(ctx, p, found)
}

// all runs the checks; behind a base that is not ok the others are skipped.
func (r *room) all(ctx context.Context, p plan, found func(Finding)) error {
	var failed, without string
	for _, c := range p.checks {
		f := Finding{Check: c.name, Outcome: Skipped, Detail: without}
		if without == "" {
			var err error
			if f, err = r.run(ctx, p.script, c); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
		found(f)
		if f.Outcome == Failed {
			failed = f.Check + ": " + f.Detail
		}
		if c.base && f.Outcome != OK {
			without = "without " + c.name
		}
	}
	if failed != "" {
		return fmt.Errorf("%w: %s", ErrDamaged, failed)
	}
	return nil
}

// open copies what was captured and starts the container around it.
func (v *Verifier) open(ctx context.Context, undo *cleanup.Stack) (*room, error) {
	id := "lull-deep-" + strings.ToLower(rand.Text()[:8])
	copies := filepath.Join(v.Dir, id)
	lock, err := place(v.Dir, id, func(id string) error { return v.end(ctx, id) })
	if err != nil {
		return nil, err
	}
	undo.Push("the copy "+copies, func(context.Context) error { return errors.Join(os.RemoveAll(copies), lock.Close()) })
	mounts, err := v.copies(ctx, copies)
	if err != nil {
		return nil, err
	}
	return v.start(ctx, id, mounts, undo)
}
