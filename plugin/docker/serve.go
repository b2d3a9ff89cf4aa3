package docker

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/docker/go-plugins-helpers/authorization"
)

// Serve answers dockerd on a listener until ctx ends.
func (p *Plugin) Serve(ctx context.Context, l net.Listener) error {
	h := authorization.NewHandler(p)
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	err := h.Serve(l)
	if ctx.Err() != nil || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
