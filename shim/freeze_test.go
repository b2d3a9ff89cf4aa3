package shim

import (
	"context"
	"errors"
	"testing"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	tasktypes "github.com/containerd/containerd/api/types/task"
	"google.golang.org/protobuf/types/known/emptypb"
)

// stubborn is a fake stock service that fails to freeze for a while.
type stubborn struct {
	taskAPI.TTRPCTaskService
	failures int
	status   tasktypes.Status // after a failure
	pauses   int
}

func (s *stubborn) Pause(context.Context, *taskAPI.PauseRequest) (*emptypb.Empty, error) {
	if s.pauses++; s.pauses <= s.failures {
		return nil, errors.New("unable to freeze")
	}
	return &emptypb.Empty{}, nil
}

func (s *stubborn) State(context.Context, *taskAPI.StateRequest) (*taskAPI.StateResponse, error) {
	return &taskAPI.StateResponse{Status: s.status}, nil
}

func TestFreezeIsTriedAgain(t *testing.T) {
	tests := map[string]struct {
		service stubborn
		pauses  int
		fails   bool
	}{
		"at once":       {stubborn{}, 1, false},
		"a little late": {stubborn{failures: 2, status: tasktypes.Status_RUNNING}, 3, false},
		"never":         {stubborn{failures: 100, status: tasktypes.Status_RUNNING}, freezeTries, true},
		"it has ended":  {stubborn{failures: 100, status: tasktypes.Status_STOPPED}, 1, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := stock{service: &tt.service, id: "c"}.Freeze(t.Context())
			if (err != nil) != tt.fails || tt.service.pauses != tt.pauses {
				t.Errorf("%d pauses, %v", tt.service.pauses, err)
			}
		})
	}
}
