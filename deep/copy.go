package deep

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/volume"
)

// copies makes the throwaway copy of every captured volume and says where each
// belongs.
func (v *Verifier) copies(ctx context.Context, dir string) (mounts []specs.Mount, err error) {
	for _, vol := range v.Manifest.Volumes {
		m, err := v.copyOf(ctx, vol, filepath.Join(dir, vol.Name))
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

func (v *Verifier) copyOf(ctx context.Context, vol manifest.Volume, dst string) (specs.Mount, error) {
	if vol.Capture == nil {
		return specs.Mount{}, fmt.Errorf("%s was not captured, only fingerprinted; set lull/volumes=auto", vol.Destination)
	}
	src, there := v.Captures.Volume(v.Manifest.ID, vol)
	if !there {
		return specs.Mount{}, fmt.Errorf("the capture of %s is not in this host's store (%s)", vol.Destination, src)
	}
	r, err := volume.Capture(ctx, src, dst, volume.CaptureOptions{})
	if err != nil {
		return specs.Mount{}, fmt.Errorf("copy %s: %w", src, err)
	}
	if err := r.Publish(ctx); err != nil {
		return specs.Mount{}, err
	}
	return specs.Mount{Type: "bind", Source: dst, Destination: vol.Destination, Options: []string{"rbind", "rw"}}, nil
}
