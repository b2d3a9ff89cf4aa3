// Command containerd-shim-lull-v2 is containerd's runc shim with consistent
// checkpoints for database containers. It works under its own name and in the
// place of containerd-shim-runc-v2; a container without a database is handed
// to the stock shim.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2/manager"
	shimapi "github.com/containerd/containerd/v2/pkg/shim"

	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/plugin"
	"github.com/lull-containers/lull/shim"
	"github.com/lull-containers/lull/shim/front"
)

// runtimeName is the stock one whatever this binary is called: clients treat
// every other name differently, and drop options for it.
const runtimeName = "io.containerd.runc.v2"

func main() {
	call := front.Parse(os.Args)
	cfg, err := config.Load(config.Path()) // the defaults where it cannot be read
	if call.Stock() {
		front.Become(front.Stock(cfg.StockShim)) // without one the built-in, the same code, serves
	}
	if err != nil && call.Action == "delete" { // what "start" says is its answer
		fmt.Fprintf(os.Stderr, "lull: %v; the defaults count\n", err)
	}
	plugin.Register(func() (shim.Host, error) { return hostOf(cfg, err, call) })
	shimapi.Run(context.Background(), sweeper{manager.NewShimManager(runtimeName), cfg})
}

// sweeper also removes what lull kept for a container whose shim was killed.
type sweeper struct {
	shimapi.Manager
	cfg config.Config
}

// Start answers an older containerd in its own words: 1.7 names the newest
// version that it knows.
func (s sweeper) Start(ctx context.Context, id string, o shimapi.StartOpts) (shimapi.BootstrapParams, error) {
	params, err := s.Manager.Start(ctx, id, o)
	if newest, unset := strconv.Atoi(os.Getenv("MAX_SHIM_VERSION")); unset == nil && newest < params.Version {
		params.Version = newest
	}
	return params, err
}

// Stop cleans up after a shim that is gone.
func (s sweeper) Stop(ctx context.Context, id string) (shimapi.StopStatus, error) {
	status, err := s.Manager.Stop(ctx, id)
	if problem := shim.Sweep(ctx, s.cfg, id); problem != nil {
		fmt.Fprintf(os.Stderr, "lull: %v\n", problem)
	}
	return status, err
}
