package main

import (
	"context"
	"strings"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/errdefs"

	"github.com/lull-containers/lull/internal/dockerd"
)

// find looks a container up by its id, by the short form of a long one, or by
// the name that dockerd has for it.
func (a *app) find(ctx context.Context, client *containerd.Client, id string) (containers.Container, error) {
	info, err := client.ContainerService().Get(ctx, id)
	if !errdefs.IsNotFound(err) {
		return info, err
	}
	if len(id) >= shortLen && strings.Trim(id, hexDigits) == "" {
		all, err := client.ContainerService().List(ctx, "id~=^"+id)
		if err == nil && len(all) == 1 {
			return all[0], nil
		}
	}
	if found, err := a.findDocker(ctx, client, id); err == nil {
		return found, nil
	}
	return info, a.noContainer(ctx, client, id)
}

// findDocker finds a running container by Docker's name for it.
func (a *app) findDocker(ctx context.Context, client *containerd.Client, name string) (none containers.Container, err error) {
	cfg, err := a.config()
	if err != nil {
		return none, err
	}
	c, err := dockerd.Lookup(cfg.DockerRoot, name)
	if err != nil {
		return none, err
	}
	if c.Name != name {
		return none, dockerd.ErrNone
	}
	return client.ContainerService().Get(ctx, c.ID)
}

// Docker and Kubernetes name containers by 64 hexadecimal digits and show 12.
const (
	longLen, shortLen = 64, 12
	hexDigits         = "0123456789abcdef"
)

// shortID cuts long ids as Docker's own tools do.
func shortID(id string) string {
	if len(id) == longLen && strings.Trim(id, hexDigits) == "" {
		return id[:shortLen]
	}
	return id
}

// noContainer says that a container is not there, and where it is instead.
func (a *app) noContainer(ctx context.Context, client *containerd.Client, id string) error {
	remedy := "`lull ps -a` lists the database containers"
	if others := elsewhere(ctx, client, id); len(others) > 0 {
		remedy = "there is one in namespace " + strings.Join(others, ", ") + ": name it with -n"
	}
	return fail(exitNotFound, remedy, "there is no container %s in namespace %s", id, a.namespace)
}

func elsewhere(ctx context.Context, client *containerd.Client, id string) []string {
	all, _ := client.NamespaceService().List(ctx) // a hint only
	var found []string
	for _, ns := range all {
		if _, err := client.ContainerService().Get(namespaces.WithNamespace(ctx, ns), id); err == nil {
			found = append(found, ns)
		}
	}
	return found
}
