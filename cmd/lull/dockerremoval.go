package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/lull-containers/lull/internal/dockerd"
	"github.com/lull-containers/lull/plugin/docker"
)

// BeforeRemove saves the checkpoints that go with the container.
func (d dockerAdvice) BeforeRemove(_ context.Context, c docker.Call) error {
	k, there, err := d.container(c)
	if !there {
		return err
	}
	return d.keep(k)
}

// BeforePrune saves those of all containers that do not run, whichever dockerd is
// going to take.
func (d dockerAdvice) BeforePrune(_ context.Context, _ docker.Call) error {
	all, err := dockerd.List(d.cfg.DockerRoot)
	if err != nil {
		return err
	}
	for _, k := range all {
		if !k.Running {
			err = errors.Join(err, d.keep(k))
		}
	}
	return err
}

// keep saves a container's checkpoints. Where it cannot they must not be removed
// either: nobody judges that again.
func (d dockerAdvice) keep(k dockerd.Container) error {
	if _, err := dockerd.Save(k, savedDocker(d.cfg)); err != nil {
		return refused(fmt.Sprintf("the checkpoints of %s could not be saved: %v", k.Name, err),
			"put that right, or remove them first: docker checkpoint rm "+k.Name+" NAME")
	}
	return nil
}
