package shim

import (
	"context"
	"net"
	"path/filepath"
	"testing"

	taskv2 "github.com/containerd/containerd/api/runtime/task/v2"
	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/ttrpc"
)

// What containerd 1.7 calls by its own name reaches the same service.
func TestTaskV2(t *testing.T) {
	server, err := ttrpc.NewServer()
	if err != nil {
		t.Fatal(err)
	}
	if err := New(&answering{}, Host{}).RegisterTTRPC(server); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(t.Context(), listener)
	t.Cleanup(func() { server.Close() })

	conn, err := net.Dial("unix", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	client := ttrpc.NewClient(conn)
	t.Cleanup(func() { client.Close() })
	answer, err := taskv2.NewTaskClient(client).Connect(t.Context(), &taskv2.ConnectRequest{ID: "c"})
	if err != nil || answer.TaskPid != 42 || answer.Version != "c" {
		t.Errorf("%v, %v", answer, err)
	}
}

// Every message of version 2 is, on the wire, one of version 3.
func TestTaskV2Messages(t *testing.T) {
	older := taskv2.File_github_com_containerd_containerd_api_runtime_task_v2_shim_proto.Messages()
	newer := taskAPI.File_github_com_containerd_containerd_api_runtime_task_v3_shim_proto.Messages()
	for i := range older.Len() {
		was := older.Get(i)
		is := newer.ByName(was.Name())
		if is == nil {
			t.Errorf("no message %s", was.Name())
			continue
		}
		for j := range was.Fields().Len() {
			f := was.Fields().Get(j)
			g := is.Fields().ByNumber(f.Number())
			if g == nil || g.Kind() != f.Kind() || g.Cardinality() != f.Cardinality() {
				t.Errorf("%s.%s is not the same", was.Name(), f.Name())
			}
		}
	}
}

type answering struct{ taskAPI.TTRPCTaskService }

func (answering) Connect(_ context.Context, r *taskAPI.ConnectRequest) (*taskAPI.ConnectResponse, error) {
	return &taskAPI.ConnectResponse{TaskPid: 42, Version: r.ID}, nil
}
