package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// containerMetadata is what the shim wants to know; its own type is shim.Metadata.
type containerMetadata struct {
	Labels      map[string]string `json:"labels"`
	Image       string            `json:"image"`
	Snapshotter string            `json:"snapshotter"`
	Runtime     string            `json:"runtime"`
	Created     time.Time         `json:"created,omitzero"`
}

// metadataCommand answers the shim, which links no client of containerd's.
func metadataCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "container-metadata CONTAINER",
		Short:  "Print labels, image, snapshotter and runtime of a container, for the shim",
		Hidden: true,
		Args:   usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, ctx, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer client.Close()
			c, err := client.ContainerService().Get(ctx, args[0])
			if err != nil {
				return fmt.Errorf("container %s: %w", args[0], err)
			}
			return json.NewEncoder(a.out).Encode(containerMetadata{
				Labels: c.Labels, Image: c.Image, Snapshotter: c.Snapshotter, Runtime: c.Runtime.Name, Created: c.CreatedAt,
			})
		},
	}
}
