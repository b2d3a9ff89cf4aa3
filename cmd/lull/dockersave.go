package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/errdefs"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/internal/dockerd"
)

// savedDocker is where Docker's checkpoints are kept when their containers are
// removed.
func savedDocker(cfg config.Config) string { return filepath.Join(cfg.StoreDir, "docker") }

// saved is a Docker container whose checkpoints were saved.
type saved struct {
	Container string `json:"container"`
	ID        string `json:"id"`
	Folder    string `json:"folder"`
}

func dockerSaveCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "docker-save CONTAINER",
		Short: "Keep a Docker container's checkpoints beyond docker rm",
		Long: "Keep the checkpoints of a Docker container, which `docker rm` removes with it, and its configuration. They take no\n" +
			"further room on the same file system. `lull restore NAME:CHECKPOINT` makes the container again. The plugin\n" +
			"(`lull docker-plugin`) does this by itself before each docker rm.",
		Example: "  docker checkpoint create pg monday\n  lull docker-save pg\n  docker rm pg\n  lull restore pg:monday",
		Args:    usage(cobra.ExactArgs(1)),

		ValidArgsFunction: completes(a.dockerNames),
		RunE: func(_ *cobra.Command, args []string) error {
			done, err := a.dockerSave(args[0])
			if err != nil {
				return err
			}
			return answer(a, done, func(s saved) { fmt.Fprintf(a.out, "%s: its checkpoints are kept in %s\n", s.Container, s.Folder) })
		},
	}
}

func (a *app) dockerSave(ref string) (saved, error) {
	cfg, err := a.config()
	if err != nil {
		return saved{}, err
	}
	c, err := dockerd.Lookup(cfg.DockerRoot, ref)
	if err != nil {
		return saved{}, fail(exitNotFound, "docker_root in lull's configuration names Docker's data folder", "in %s: %w", cfg.DockerRoot, err)
	}
	dir, err := dockerd.Save(c, savedDocker(cfg))
	if err == nil && dir == "" {
		err = fail(exitNotFound, "docker checkpoint create "+c.Name+" NAME", "%s has no checkpoint of lull's", c.Name)
	}
	return saved{Container: c.Name, ID: c.ID, Folder: dir}, err
}

// dockerNames are the containers in Docker's data folder.
func (a *app) dockerNames(context.Context) ([]string, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	all, err := dockerd.List(cfg.DockerRoot)
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	return names, err
}

// savedFor finds the saved container that NAME:CHECKPOINT means.
func (a *app) savedFor(ref string) (c dockerd.Container, checkpoint string, ok bool) {
	cfg, err := a.config()
	at := strings.LastIndex(ref, ":")
	if err != nil || at < 0 {
		return c, "", false
	}
	name, checkpoint := ref[:at], ref[at+1:]
	c, err = dockerd.Saved(savedDocker(cfg), name, checkpoint)
	return c, checkpoint, err == nil
}

// meansDocker tells whether a restore of ref is one of a saved container. That
// one in containerd has the same name is nothing to guess about.
func (a *app) meansDocker(ctx context.Context, client *containerd.Client, ref string) (c dockerd.Container, checkpoint string, ok bool, err error) {
	c, checkpoint, ok = a.savedFor(ref)
	if !ok || a.namespace == dockerNamespace {
		return c, checkpoint, ok, nil
	}
	_, err = client.ImageService().Get(ctx, ref)
	if errdefs.IsNotFound(err) {
		return c, checkpoint, true, nil
	}
	if err == nil {
		err = fail(exitUsage, fmt.Sprintf("name Docker's with -n %s, and the image by another name of its own: ctr -n %s images tag %s NAME",
			dockerNamespace, a.namespace, ref), "%s is a saved checkpoint of Docker's and an image in namespace %s", ref, a.namespace)
	}
	return c, checkpoint, false, err
}

// inDockerRoot finds a Docker container, which containerd knows only while it
// runs, by its name, its id, or the short form of it.
func (a *app) inDockerRoot(ref string) (c dockerd.Container, ok bool) {
	cfg, err := a.config()
	if err != nil {
		return c, false
	}
	c, err = dockerd.Lookup(cfg.DockerRoot, ref)
	return c, err == nil && (c.Name == ref || len(ref) >= shortLen)
}
