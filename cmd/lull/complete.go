package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

// completeTime bounds what a press of the tab key waits for.
const completeTime = 2 * time.Second

type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// completes offers names for the first argument.
func completes(list func(context.Context) ([]string, error)) completion {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(context.Background(), completeTime)
		defer cancel()
		names, err := list(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// completesEach offers names for every argument, each once.
func completesEach(list func(context.Context) ([]string, error)) completion {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		names, directive := completes(list)(cmd, nil, word)
		return slices.DeleteFunc(names, func(n string) bool { return slices.Contains(args, n) }), directive
	}
}

func (a *app) completeNamespaces(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return completes(a.namespaceNames)(nil, nil, "")
}

func (a *app) namespaceNames(ctx context.Context) ([]string, error) {
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return client.NamespaceService().List(ctx)
}

func (a *app) containerNames(ctx context.Context) ([]string, error) {
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	all, err := client.ContainerService().List(ctx)
	var names []string
	for _, c := range all {
		names = append(names, c.ID)
	}
	return names, err
}

// checkpointNames are the images that hold a checkpoint, and what was saved of
// Docker's.
func (a *app) checkpointNames(ctx context.Context) ([]string, error) {
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	all, err := client.ImageService().List(ctx)
	names := a.savedNames()
	for _, img := range all {
		if isCheckpoint(ctx, client, img.Name) {
			names = append(names, img.Name)
		}
	}
	return names, err
}

func (a *app) imageAndContainerNames(ctx context.Context) ([]string, error) {
	images, err := a.checkpointNames(ctx)
	if err != nil {
		return nil, err
	}
	containers, err := a.containerNames(ctx)
	return append(images, containers...), err
}
