package shim

import (
	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/containerd/api/types/runc/options"
	runtimeoptions "github.com/containerd/containerd/api/types/runtimeoptions/v1"
	"github.com/containerd/typeurl/v2"
	"github.com/pelletier/go-toml/v2"
)

// translateOptions turns the options that clients send to a runtime whose name
// they do not know into runc's: the stock service takes no others.
func translateOptions(r *taskAPI.CreateTaskRequest) error {
	if r.Options.GetValue() == nil || !typeurl.Is(r.Options, (*runtimeoptions.Options)(nil)) {
		return nil
	}
	var generic runtimeoptions.Options
	if err := typeurl.UnmarshalTo(r.Options, &generic); err != nil {
		return err
	}
	var runc options.Options
	if err := toml.Unmarshal(generic.ConfigBody, &runc); err != nil {
		return err
	}
	var err error
	r.Options, err = typeurl.MarshalAnyToProto(&runc)
	return err
}
