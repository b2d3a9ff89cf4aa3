package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

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

// inDockerRoot completes a Docker container's name, which containerd does not
// know, and says in which namespace it is.
func (a *app) inDockerRoot(_ context.Context, ref string) (id, namespace string, ok bool) {
	cfg, err := a.config()
	if err != nil {
		return "", "", false
	}
	c, err := dockerd.Lookup(cfg.DockerRoot, ref)
	if err != nil {
		return "", "", false
	}
	namespace = a.namespace
	if namespace == defaultNamespace {
		namespace = dockerNamespace
	}
	return c.ID, namespace, true
}
