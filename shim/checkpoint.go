package shim

import (
	"context"
	"path/filepath"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/containerd/api/types/runc/options"
	"github.com/containerd/typeurl/v2"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Checkpoint captures, dumps and seals what Pause froze; arriving unpaused it
// does everything, the thaw included. The client may take the writable layer
// before or after this call, so what Pause froze stays frozen until Resume,
// unless the client has said that it took it before.
// AlreadyExists never leaves here: containerd's client takes it for success.
func (s *Service) Checkpoint(ctx context.Context, r *taskAPI.CheckpointTaskRequest) (*emptypb.Empty, error) {
	t := s.of(r.ID)
	if t == nil {
		return s.TTRPCTaskService.Checkpoint(ctx, r)
	}
	t.turn.Lock()
	c := &checkpointing{task: t}
	defer c.leave(ctx)
	return reply(c.run(detached(ctx), r))
}

// asked reads the client's options and gives CRIU a work folder where the
// client named none: its statistics would be gone with the stock service's.
func (t *task) asked(r *taskAPI.CheckpointTaskRequest) (*options.CheckpointOptions, error) {
	o := &options.CheckpointOptions{}
	if r.Options != nil {
		if err := typeurl.UnmarshalTo(r.Options, o); err != nil {
			return nil, err
		}
	}
	if o.WorkPath == "" {
		o.WorkPath = filepath.Join(t.c.Paths.State, "criu-work")
	}
	var err error
	r.Options, err = typeurl.MarshalAnyToProto(o)
	return o, err
}
