package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/containerd/errdefs"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/store"
)

// inspection is what `lull inspect` found out about one thing.
type inspection struct {
	Kind      string             `json:"kind"` // image, folder, container
	Name      string             `json:"name"`
	Bytes     int64              `json:"bytes,omitempty"` // of the image, its base apart
	Usable    *bool              `json:"usable,omitempty"`
	Problem   string             `json:"problem,omitempty"` // why a restore would refuse it
	Verified  bool               `json:"verified"`          // every byte was read and compared
	Manifest  *manifest.Manifest `json:"manifest,omitempty"`
	Container *psRow             `json:"container,omitempty"`

	subject *subject
}

func inspectCommand(a *app) *cobra.Command {
	var verify bool
	cmd := &cobra.Command{
		Use:   "inspect IMAGE|DIR|CONTAINER",
		Short: "Show a checkpoint's manifest, or what lull knows of a container",
		Long: "Show a checkpoint's manifest, from an image or from a folder of CRIU images, or what lull knows of a container.\n" +
			"A name is looked for in this order. Without --verify the manifest alone is judged; with it every byte is.",
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: completes(a.imageAndContainerNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			seen, problem, err := a.inspect(cmd.Context(), args[0], verify)
			if err != nil {
				return err
			}
			return errors.Join(answer(a, seen, a.printInspection), problem)
		},
	}
	cmd.Flags().BoolVar(&verify, "verify", false, "read everything and compare it with the manifest; fail when it differs")
	return cmd
}

// inspect returns what there is to see even when a restore would refuse it;
// then, with verify, problem says why.
func (a *app) inspect(ctx context.Context, name string, verify bool) (seen inspection, problem, err error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		seen, problem, err = inspectDir(ctx, name, verify)
		return seen, when(verify, problem), err
	}
	seen, problem, err = a.inspectImage(ctx, name, verify)
	if !errdefs.IsNotFound(err) && !errors.Is(err, store.ErrNoCheckpoint) {
		return seen, when(verify, problem), err
	}
	seen, missing := a.inspectContainer(ctx, name)
	if missing != nil && errors.Is(err, store.ErrNoCheckpoint) {
		return seen, nil, err
	}
	if errdefs.IsNotFound(missing) || codeOf(ctx, missing) == exitNotFound {
		missing = fail(exitNotFound, "`lull ps -a` lists the database containers",
			"%s is no folder, and no image or container in namespace %s", name, a.namespace)
	}
	return seen, nil, missing
}

func when(wanted bool, err error) error {
	if wanted {
		return err
	}
	return nil
}

func inspectDir(ctx context.Context, dir string, verify bool) (seen inspection, problem, err error) {
	seen = inspection{Kind: "folder", Name: dir}
	if seen.Manifest, err = manifest.Read(dir); err != nil {
		return seen, nil, err
	}
	_, problem = manifest.VerifySeal(dir)
	if problem == nil && verify {
		_, problem = manifest.Verify(ctx, dir)
	}
	seen.judge(problem, verify)
	return seen, problem, nil
}

func (a *app) inspectImage(ctx context.Context, ref string, verify bool) (seen inspection, problem, err error) {
	seen = inspection{Kind: "image", Name: ref}
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return seen, nil, err
	}
	defer client.Close()
	c, err := openCheckpoint(ctx, client, ref)
	if err != nil {
		return seen, nil, err
	}
	seen.Bytes = c.Size()
	seen.Manifest, problem, err = store.Manifest(ctx, client.ContentStore(), c)
	if err != nil {
		return seen, nil, fmt.Errorf("%s: %w", ref, err)
	}
	if problem == nil && verify {
		a.progress("reading %s", sizeText(seen.Bytes))
		_, problem = store.Verify(ctx, client.ContentStore(), c)
	}
	seen.judge(problem, verify)
	return seen, problem, nil
}

func (i *inspection) judge(problem error, verify bool) {
	usable := problem == nil
	i.Usable, i.Verified = &usable, verify && usable
	if problem != nil {
		i.Problem = problem.Error()
	}
}
