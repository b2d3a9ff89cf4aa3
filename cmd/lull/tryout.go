package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/cio"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/pkg/oci"
	"github.com/containerd/errdefs"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/diversion"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// tryTime bounds a throwaway container on a slow machine.
const tryTime = 2 * time.Minute

// throwaway is a container that proves an installation.
type throwaway struct {
	what        string
	annotations map[string]string
	lulls       bool // served by lull's shim
}

// tryOut runs two containers that end at once, in a namespace of their own:
// one without a database, which the stock shim must serve, and one that passes
// for a database. Their root is in a folder that containerd's unit has not hidden,
// as it may have the temporary one.
func (a *app) tryOut(ctx context.Context, program, folder string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	var undo cleanup.Stack
	defer func() { err = errors.Join(err, undo.Run(ctx, undoTime)) }()
	root, err := throwawayRoot(&undo, program, folder)
	if err != nil {
		return err
	}
	id := "lull-try-" + manifest.NewID()[:8]
	ctx = namespaces.WithNamespace(ctx, id)
	undo.Push("the namespace "+id, func(ctx context.Context) error { return dropNamespace(ctx, client, id) })
	for i, c := range []throwaway{
		{what: "a container without a database"},
		{"a database container", map[string]string{quiesce.LabelEngine: quiesce.Redis}, true},
	} {
		a.progress("trying %s", c.what)
		if err := c.run(ctx, client, fmt.Sprintf("%s-%d", id, i), root); err != nil {
			return fmt.Errorf("%s does not run: %w", c.what, err)
		}
	}
	return nil
}

// throwawayRoot is a root file system with one program.
func throwawayRoot(undo *cleanup.Stack, program, folder string) (string, error) {
	root, err := os.MkdirTemp(folder, "lull-try-")
	if err != nil {
		return "", err
	}
	undo.Push("the folder "+root, func(context.Context) error { return os.RemoveAll(root) })
	data, err := os.ReadFile(program)
	if err != nil {
		return "", err
	}
	return root, os.WriteFile(filepath.Join(root, "lull"), data, 0o755)
}

func dropNamespace(ctx context.Context, client *containerd.Client, name string) error {
	err := client.NamespaceService().Delete(ctx, name)
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

func (c throwaway) run(ctx context.Context, client *containerd.Client, id, root string) (err error) {
	var undo cleanup.Stack
	defer func() { err = errors.Join(err, undo.Run(ctx, undoTime)) }()
	made, err := client.NewContainer(ctx, id, containerd.WithNewSpec(
		oci.WithRootFSPath(root), oci.WithProcessArgs("/lull", "version"), oci.WithAnnotations(c.annotations)))
	if err != nil {
		return err
	}
	undo.Push("the container "+id, func(ctx context.Context) error { return made.Delete(ctx) })
	task, err := made.NewTask(ctx, cio.NullIO)
	if err != nil {
		return err
	}
	undo.Push("the task of "+id, func(ctx context.Context) error {
		_, err := task.Delete(ctx, containerd.WithProcessKill)
		return err
	})
	if err := c.served(int(task.Pid())); err != nil {
		return err
	}
	return runOut(ctx, task)
}

func runOut(ctx context.Context, task containerd.Task) error {
	exit, err := task.Wait(ctx)
	if err != nil {
		return err
	}
	if err := task.Start(ctx); err != nil {
		return err
	}
	select {
	case status := <-exit:
		if status.ExitCode() != 0 || status.Error() != nil {
			return fmt.Errorf("it ended with %d: %w", status.ExitCode(), status.Error())
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// served tells by the program that the container's shim runs.
func (c throwaway) served(pid int) error {
	shim, err := parentOf(pid)
	if err != nil {
		return err
	}
	exe := fmt.Sprintf("/proc/%d/exe", shim)
	if diversion.Ours(exe) == c.lulls {
		return nil
	}
	path, _ := os.Readlink(exe)
	if c.lulls {
		return fmt.Errorf("%s serves it, not lull's shim; is lull's front where containerd looks?", path)
	}
	return fmt.Errorf("%s serves it, not the stock shim", path)
}

func parentOf(pid int) (parent int, err error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	var state string
	_, err = fmt.Sscan(rest, &state, &parent)
	return parent, err
}
