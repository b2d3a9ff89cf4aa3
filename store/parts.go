package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/containerd/containerd/api/types/runc/options"
	"github.com/containerd/containerd/v2/core/content"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// OCISpec reads the container's OCI spec; nil when there is none.
func (c *Checkpoint) OCISpec(ctx context.Context, blobs content.Provider) (*specs.Spec, error) {
	d, ok := c.Spec()
	if !ok {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	boxed, err := readAny(ctx, blobs, d)
	if err == nil {
		s := &specs.Spec{}
		if err = json.Unmarshal(boxed.GetValue(), s); err == nil {
			return s, nil
		}
	}
	return nil, fmt.Errorf("OCI spec of %s: %w", c.Ref, err)
}

// ErrOptions says that runtime options are not runc's.
var ErrOptions = errors.New("its runtime options are not those of runc")

// RuncOptions reads the container's runtime options; nil when there are none.
func (c *Checkpoint) RuncOptions(ctx context.Context, blobs content.Provider) (*options.Options, error) {
	d, ok := c.RuntimeOptions()
	if !ok {
		return nil, nil //nolint:nilnil // there are none, and that is no error
	}
	boxed, err := readAny(ctx, blobs, d)
	if err != nil {
		return nil, fmt.Errorf("runtime options of %s: %w", c.Ref, err)
	}
	return runcOptions(boxed)
}

func runcOptions(boxed *anypb.Any) (*options.Options, error) {
	o := &options.Options{}
	if len(boxed.GetValue()) == 0 {
		return o, nil
	}
	if boxed.MessageName() != o.ProtoReflect().Descriptor().FullName() {
		return nil, fmt.Errorf("%w but %.80q", ErrOptions, boxed.GetTypeUrl())
	}
	if err := proto.Unmarshal(boxed.GetValue(), o); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	return o, nil
}
