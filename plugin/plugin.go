// Package plugin registers lull's task service with containerd's plugin
// registry, in the place of the stock one that it decorates.
package plugin

import (
	"context"
	"sync"

	"github.com/containerd/cgroups/v3"
	"github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2/task"
	"github.com/containerd/containerd/v2/pkg/oom"
	oomv1 "github.com/containerd/containerd/v2/pkg/oom/v1"
	oomv2 "github.com/containerd/containerd/v2/pkg/oom/v2"
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
	h.OutOfMemory = sync.OnceValues(func() (oom.Watcher, error) { return watcher(ic.Context, publisher.(shimapi.Publisher)) })
	return shim.New(stock, h), nil
}

// watcher is of the kind that the host's cgroups are; it runs as long as ctx.
func watcher(ctx context.Context, p shimapi.Publisher) (w oom.Watcher, err error) {
	if cgroups.Mode() == cgroups.Unified {
		w, err = oomv2.New(p)
	} else {
		w, err = oomv1.New(p)
	}
	if err != nil {
		return nil, err
	}
	go w.Run(ctx)
	return w, nil
}
