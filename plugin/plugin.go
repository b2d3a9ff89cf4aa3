// Package plugin registers lull's task service with containerd's plugin
// registry, in the place of the stock one that it decorates.
package plugin

import (
	"github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2/task"
	shimapi "github.com/containerd/containerd/v2/pkg/shim"
	"github.com/containerd/containerd/v2/pkg/shutdown"
	"github.com/containerd/containerd/v2/plugins"
	"github.com/containerd/plugin"
	"github.com/containerd/plugin/registry"

	"github.com/lull-containers/lull/shim"
)

// Register adds the task service. It must be called once, before the shim
// runs, and instead of importing the stock service's own plugin.
func Register(host func() (shim.Host, error)) {
	registry.Register(&plugin.Registration{
		Type:     plugins.TTRPCPlugin,
		ID:       "task",
		Requires: []plugin.Type{plugins.EventPlugin, plugins.InternalPlugin},
		InitFn: func(ic *plugin.InitContext) (any, error) {
			return service(ic, host)
		},
	})
}

func service(ic *plugin.InitContext, host func() (shim.Host, error)) (any, error) {
	publisher, err := ic.GetByID(plugins.EventPlugin, "publisher")
	if err != nil {
		return nil, err
	}
	stop, err := ic.GetByID(plugins.InternalPlugin, "shutdown")
	if err != nil {
		return nil, err
	}
	h, err := host()
	if err != nil {
		return nil, err
	}
	stock, err := task.NewTaskService(ic.Context, publisher.(shimapi.Publisher), stop.(shutdown.Service))
	if err != nil {
		return nil, err
	}
	return shim.New(stock, h), nil
}
