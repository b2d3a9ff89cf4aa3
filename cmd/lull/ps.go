package main

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/containerd/api/types/task"
	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"github.com/spf13/cobra"
)

func psCommand(a *app) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "ps",
		Short: "List database containers, in every namespace unless -n names one",
		Args:  usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			only := ""
			if cmd.Flags().Changed("namespace") {
				only = a.namespace
			}
			rows, err := a.ps(cmd.Context(), only, all)
			if err != nil {
				return err
			}
			return answer(a, rows, a.printPs)
		},
	}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "those that do not run, too")
	return cmd
}

func (a *app) ps(ctx context.Context, only string, all bool) ([]psRow, error) {
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	names := []string{only}
	if only == "" {
		if names, err = client.NamespaceService().List(ctx); err != nil {
			return nil, err
		}
	}
	rows := []psRow{} // JSON: an empty list, not null
	for _, ns := range names {
		subjects, err := a.subjects(ctx, client, ns)
		if err != nil {
			return nil, fmt.Errorf("namespace %s: %w", ns, err)
		}
		for _, s := range subjects {
			if s.database() && (all || s.alive()) {
				rows = append(rows, rowOf(s, time.Now()))
			}
		}
	}
	return rows, nil
}

// subjects lists the containers of one namespace.
func (a *app) subjects(ctx context.Context, client *containerd.Client, ns string) ([]*subject, error) {
	ctx = namespaces.WithNamespace(ctx, ns)
	all, err := client.ContainerService().List(ctx)
	if err != nil {
		return nil, err
	}
	processes, err := taskMap(ctx, client)
	if err != nil {
		return nil, err
	}
	labels := map[string]map[string]string{}
	var subjects []*subject
	for _, info := range all {
		s, err := a.newSubject(ns, info)
		if err != nil {
			return nil, err
		}
		if _, asked := labels[info.Image]; !asked {
			labels[info.Image] = imageLabels(ctx, client, info.Image)
		}
		s.setTask(processes[info.ID])
		s.detect(labels[info.Image])
		subjects = append(subjects, s)
	}
	return subjects, nil
}

func taskMap(ctx context.Context, client *containerd.Client) (map[string]*task.Process, error) {
	reply, err := client.TaskService().List(ctx, &tasks.ListTasksRequest{})
	if err != nil {
		return nil, errgrpc.ToNative(err)
	}
	byID := map[string]*task.Process{}
	for _, p := range reply.GetTasks() {
		byID[p.GetID()] = p
	}
	return byID, nil
}
