// Package artifact is the form in which a checkpoint travels: an OCI image
// manifest whose layers are a table and chunks. docs/ARTIFACT.md specifies it.
// Everything in here may come from anybody: sizes are bounded before anything
// is made of them, and what was read is held against its digest.
package artifact

import (
	"errors"
	"fmt"

	"github.com/lull-containers/lull/manifest"
)

// The media types of an artifact's parts. One that is encrypted ends in +age.
const (
	Type          = "application/vnd.lull.checkpoint.v1"      // of the whole
	TypeManifest  = manifest.MediaType                        // the consistency manifest
	TypeTable     = "application/vnd.lull.table.v1+json+zstd" // first layer
	TypeChunk     = "application/vnd.lull.chunk.v1+zstd"      // every other layer
	encryptedType = "+age"
)

// Schema names the table's format and its version.
const Schema = "lull.artifact/1"

// Bounds of everything that comes from elsewhere.
const (
	MinChunk  = 4 << 20  // bytes of a chunk before it is compressed, at least
	MaxChunk  = 64 << 20 // and at most: registries take manifests with so many chunks, so large ones have larger chunks
	MaxChunks = 16 << 10
	MaxTable  = 8 << 20 // bytes of the table before it is compressed
	MaxIndex  = 8 << 20 // bytes of the OCI manifest
	slack     = 64 << 10
	// A chunk of zeros is next to nothing. More than this of an artifact that
	// is next to nothing is nobody's database.
	maxRatio = 256
	freeSize = 1 << 30 // bytes that no ratio is asked of
)

// ErrFormat says that something is no artifact, or one that was altered.
var ErrFormat = errors.New("the artifact cannot be understood")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w; pull from another copy, or push it again", ErrFormat, fmt.Errorf(format, args...))
}
