// Command containerd-shim-runc-v2 stands in the place of containerd's own shim
// of that name. It serves nothing itself: it becomes lull's shim for a
// container with a database and the stock one for every other, and is small
// so that the others lose no time.
package main

import (
	"fmt"
	"os"

	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/shim/front"
)

func main() {
	if front.Parse(os.Args).Stock() {
		front.Become(front.Stock(configured()))
	}
	front.Become(front.Lull())
	fmt.Fprintln(os.Stderr, "lull: neither containerd-shim-lull-v2 nor a stock shim can be run; install both beside this program, or set stock_shim in", config.Path())
	os.Exit(1)
}

// configured is the stock shim's path in the configuration; a file that cannot
// be read says none.
func configured() string {
	cfg, err := config.Load(config.Path())
	if err != nil {
		return ""
	}
	return cfg.StockShim
}
