package engine

import (
	"context"
	"encoding/hex"
	"path/filepath"

	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/volume"
)

// Know names lists of what was read before, by whoever prepared the restore.
func (r *Restore) Know(k state.Known) { r.known = k }

// knownOf gives what a list proves of root. One that is not there, or cannot be
// read, proves nothing: everything is read.
func knownOf(ctx context.Context, list, root string) volume.Known {
	l, err := volume.ReadFile(list)
	if err != nil {
		return nil
	}
	known, err := l.Known(ctx, root)
	if err != nil {
		return nil
	}
	return known
}

func (r *Restore) knownVolume(ctx context.Context, p place) volume.Known {
	if r.known.Volumes == "" {
		return nil
	}
	return knownOf(ctx, filepath.Join(r.known.Volumes, p.was.Fingerprint.List), p.now)
}

// verifyImages judges the folder of images, and reads what of it is not known.
func (r *Restore) verifyImages(ctx context.Context) (*manifest.Manifest, error) {
	if r.known.Memory == "" {
		return manifest.Verify(ctx, r.dir)
	}
	known := map[string]string{}
	for name, digest := range knownOf(ctx, r.known.Memory, r.dir) {
		known[name] = hex.EncodeToString(digest[:])
	}
	return manifest.VerifyKnown(ctx, r.dir, known)
}
