// Package transfer carries checkpoints to and from OCI registries and OCI
// layout folders. An artifact appears under its name when all of it is there,
// and an image when all of it is: what an interrupted transfer has finished is
// found again by the next one.
package transfer

import (
	"context"
	"errors"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Place is where artifacts are kept.
type Place interface {
	// Has tells whether a blob is there, without reading it.
	Has(context.Context, ocispec.Descriptor) (bool, error)
	// Put stores a blob. One that is there already is no error.
	Put(context.Context, ocispec.Descriptor, []byte) error
	// Get reads a blob of at most its descriptor's size and holds it against
	// its digest.
	Get(context.Context, ocispec.Descriptor) ([]byte, error)
	// PutManifest stores an OCI manifest, under the place's name when named.
	PutManifest(ctx context.Context, raw []byte, named bool) (ocispec.Descriptor, error)
	// Manifest reads the OCI manifest under the place's name.
	Manifest(context.Context) ([]byte, ocispec.Descriptor, error)
	// Local says that what is put there does not leave this host by itself.
	Local() bool
	String() string
}

// The classes of failure, to be told apart with errors.Is.
var (
	ErrPlace = errors.New("the place of the artifact cannot be used")
	// ErrAbsent is of the class ErrPlace.
	ErrAbsent = errors.New("it is not there")
	ErrClear  = errors.New("refused: it would leave this host readable by everybody on the way")
	ErrRoom   = errors.New("there is not enough room")
	ErrHarm   = errors.New("refused: its container would not be confined to itself")
)
