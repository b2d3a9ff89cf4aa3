package deep

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/volume"
)

// copies makes the throwaway copy of every captured volume and says where each
// belongs.
func (v *Verifier) copies(ctx context.Context, dir string) (mounts []specs.Mount, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for _, vol := range v.Manifest.Volumes {
		m, err := copyOf(ctx, vol, filepath.Join(dir, vol.Name))
		if err != nil {
			return nil, err
		}
		mounts = append(mounts, m)
	}
	if len(mounts) == 0 {
		return nil, errors.New("the checkpoint has no volume to check")
	}
	return mounts, nil
}

func copyOf(ctx context.Context, vol manifest.Volume, dst string) (specs.Mount, error) {
	if vol.Capture == nil {
		return specs.Mount{}, fmt.Errorf("%s was not captured, only fingerprinted; set lull/volumes=auto", vol.Destination)
	}
	if _, err := os.Stat(vol.Capture.Path); errors.Is(err, fs.ErrNotExist) {
		return specs.Mount{}, fmt.Errorf("the capture of %s is not on this host (%s)", vol.Destination, vol.Capture.Path)
	}
	r, err := volume.Capture(ctx, vol.Capture.Path, dst, volume.CaptureOptions{})
	if err != nil {
		return specs.Mount{}, fmt.Errorf("copy %s: %w", vol.Capture.Path, err)
	}
	if err := r.Publish(ctx); err != nil {
		return specs.Mount{}, err
	}
	return specs.Mount{Type: "bind", Source: dst, Destination: vol.Destination, Options: []string{"rbind", "rw"}}, nil
}
