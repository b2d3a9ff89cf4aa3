package main

import (
	"context"
	"io"
	"net"
	"strings"
	"time"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/namespaces"

	"github.com/lull-containers/lull/internal/config"
)

// app is what all commands share: streams and global flags.
type app struct {
	in             io.Reader
	out, errOut    io.Writer
	outTTY, errTTY bool

	address, namespace, configPath string
	json                           bool

	loaded *config.Config
}

const dialTimeout = 3 * time.Second

// connect returns a client and a context in the namespace of the flags.
func (a *app) connect(ctx context.Context) (*containerd.Client, context.Context, error) {
	path := strings.TrimPrefix(a.address, "unix://")
	conn, err := net.DialTimeout("unix", path, dialTimeout)
	if err != nil {
		return nil, ctx, fail(exitContainerd, "start it, name its socket with --address, or become root",
			"containerd does not answer at %s: %w", path, err)
	}
	conn.Close()
	client, err := containerd.New(path, containerd.WithTimeout(dialTimeout))
	if err != nil {
		return nil, ctx, fail(exitContainerd, "", "containerd at %s: %w", path, err)
	}
	return client, namespaces.WithNamespace(ctx, a.namespace), nil
}

// config reads the configuration file, once.
func (a *app) config() (config.Config, error) {
	if a.loaded == nil {
		c, err := config.Load(a.configPath)
		if err != nil {
			return c, err
		}
		a.loaded = &c
	}
	return *a.loaded, nil
}
