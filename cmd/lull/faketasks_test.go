package main

import (
	"context"
	"os"
	"slices"
	"sync"

	"github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/containerd/api/types"
	"github.com/containerd/containerd/api/types/runc/options"
	"github.com/containerd/containerd/api/types/task"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"github.com/containerd/typeurl/v2"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/manifest"
)

// fakeTasks is containerd's task service and the shim behind it.
type fakeTasks struct {
	tasks.TasksClient
	w      *world
	mu     sync.Mutex
	status map[string]task.Status // guarded by mu
	calls  []string               // guarded by mu

	lies   bool                             // Resume says that it did, and did not
	fail   map[string]error                 // by method, after its effect
	hook   map[string]func()                // by method, before its effect
	shim   func()                           // what lull's does in the Create of a restore; nil: the stock one serves
	memory func(ctx context.Context) []byte // of Checkpoint; nil result: no descriptor
}

func newFakeTasks(w *world) *fakeTasks {
	return &fakeTasks{w: w, status: map[string]task.Status{}, fail: map[string]error{}, hook: map[string]func(){},
		shim: func() { w.serve(state.Record{Phase: state.Restoring, ShimPid: os.Getpid()}) }, memory: func(context.Context) []byte { return w.memory(manifest.Sealed) }}
}

func (f *fakeTasks) start(id string) { f.set(id, task.Status_RUNNING) }

// set also writes what the kernel would show.
func (f *fakeTasks) set(id string, s task.Status) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status[id] = s
	word := "THAWED\n"
	if s == task.Status_PAUSED {
		word = "FROZEN\n"
	}
	f.w.check(os.WriteFile(f.w.freezer, []byte(word), 0o600))
}

func (f *fakeTasks) is(id string) task.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status[id]
}

func (f *fakeTasks) called(method string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Contains(f.calls, method)
}

// do is one call: it is noted, and fails for a context that is cancelled.
func (f *fakeTasks) do(ctx context.Context, method string, effect func()) error {
	f.mu.Lock()
	f.calls = append(f.calls, method)
	f.mu.Unlock()
	if hook := f.hook[method]; hook != nil {
		hook()
	}
	effect() // the shim does not hear of a cancelled client
	if err := ctx.Err(); err != nil {
		return errgrpc.ToGRPC(err)
	}
	return errgrpc.ToGRPC(f.fail[method])
}

func (f *fakeTasks) Get(ctx context.Context, r *tasks.GetRequest, _ ...grpc.CallOption) (*tasks.GetResponse, error) {
	s, ok := f.status[r.ContainerID]
	if !ok {
		return nil, errgrpc.ToGRPC(errdefs.ErrNotFound)
	}
	return &tasks.GetResponse{Process: &task.Process{ID: r.ContainerID, Status: s}}, f.do(ctx, "get", func() {})
}

func (f *fakeTasks) List(ctx context.Context, _ *tasks.ListTasksRequest, _ ...grpc.CallOption) (*tasks.ListTasksResponse, error) {
	resp := &tasks.ListTasksResponse{}
	for id, s := range f.status {
		resp.Tasks = append(resp.Tasks, &task.Process{ID: id, Status: s})
	}
	return resp, f.do(ctx, "list", func() {})
}

func (f *fakeTasks) Pause(ctx context.Context, r *tasks.PauseTaskRequest, _ ...grpc.CallOption) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, f.do(ctx, "pause", func() { f.set(r.ContainerID, task.Status_PAUSED) })
}

func (f *fakeTasks) Resume(ctx context.Context, r *tasks.ResumeTaskRequest, _ ...grpc.CallOption) (*emptypb.Empty, error) {
	if f.is(r.ContainerID) != task.Status_PAUSED {
		return nil, errgrpc.ToGRPC(errdefs.ErrFailedPrecondition)
	}
	return &emptypb.Empty{}, f.do(ctx, "resume", func() {
		if f.fail["resume"] == nil && !f.lies {
			f.set(r.ContainerID, task.Status_RUNNING)
		}
	})
}

func (f *fakeTasks) Checkpoint(ctx context.Context, r *tasks.CheckpointTaskRequest, _ ...grpc.CallOption) (*tasks.CheckpointTaskResponse, error) {
	var opts options.CheckpointOptions
	f.w.check(typeurl.UnmarshalTo(r.Options, &opts))
	resp := &tasks.CheckpointTaskResponse{}
	err := f.do(ctx, "checkpoint", func() {
		if raw := f.memory(ctx); raw != nil {
			resp.Descriptors = []*types.Descriptor{
				wire(f.w.put(images.MediaTypeContainerd1Checkpoint, raw)),
				wire(f.w.put(images.MediaTypeContainerd1CheckpointConfig, boxedSpec())),
			}
		}
		if opts.Exit && f.fail["checkpoint"] == nil {
			f.set(r.ContainerID, task.Status_STOPPED)
		}
	})
	if err != nil {
		return nil, err
	}
	return resp, nil
}

func wire(d ocispec.Descriptor) *types.Descriptor {
	return &types.Descriptor{MediaType: d.MediaType, Digest: d.Digest.String(), Size: d.Size}
}

func (f *fakeTasks) Create(ctx context.Context, r *tasks.CreateTaskRequest, _ ...grpc.CallOption) (*tasks.CreateTaskResponse, error) {
	err := f.do(ctx, "create", func() {
		if f.fail["create"] == nil {
			f.set(r.ContainerID, task.Status_CREATED)
			if f.shim != nil {
				f.shim()
			}
		}
	})
	return &tasks.CreateTaskResponse{ContainerID: r.ContainerID}, err
}

func (f *fakeTasks) Start(ctx context.Context, r *tasks.StartRequest, _ ...grpc.CallOption) (*tasks.StartResponse, error) {
	err := f.do(ctx, "start", func() { f.start(r.ContainerID) })
	return &tasks.StartResponse{Pid: 4711}, err
}

func (f *fakeTasks) Kill(ctx context.Context, r *tasks.KillRequest, _ ...grpc.CallOption) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, f.do(ctx, "kill", func() { f.set(r.ContainerID, task.Status_STOPPED) })
}

func (f *fakeTasks) Delete(ctx context.Context, r *tasks.DeleteTaskRequest, _ ...grpc.CallOption) (*tasks.DeleteResponse, error) {
	return &tasks.DeleteResponse{}, f.do(ctx, "delete", func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.status, r.ContainerID)
	})
}
