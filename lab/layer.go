package lab

import (
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// layerFile is a layer from a tar.
func layerFile(path string) (v1.Layer, error) {
	return tarball.LayerFromFile(path)
}
