package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/durable"
	"github.com/lull-containers/lull/store"
	"github.com/lull-containers/lull/store/transfer"
)

func exportCommand(a *app) *cobra.Command {
	var o pushFlags
	cmd := &cobra.Command{
		Use:   "export IMAGE FILE",
		Short: "Write a checkpoint into a file that lull import, checkpointctl and OCI tools read",
		Long: "Write a checkpoint into a new tar that only its owner may read: CRIU's images and what is known of the container as\n" +
			"checkpointctl reads them, and behind them, for `lull import`, an OCI layout with all that a restore elsewhere needs.\n" +
			"With --recipient there is the encrypted layout alone.",
		Example:           "  lull export pg:monday monday.tar && checkpointctl inspect monday.tar",
		Args:              usage(cobra.ExactArgs(2)),
		ValidArgsFunction: completes(a.checkpointNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			done, err := a.export(cmd.Context(), args[0], args[1], o)
			if err != nil {
				return carryFailed(err)
			}
			return answer(a, done, a.printPushed)
		},
	}
	f := cmd.Flags()
	f.StringArrayVarP(&o.recipients, "recipient", "r", nil, "public key of age to encrypt to; may come several times")
	f.StringArrayVarP(&o.files, "recipients-file", "R", nil, "file with public keys, one a line")
	return cmd
}

// export writes beside the file and gives it its name when it is whole.
func (a *app) export(ctx context.Context, ref, path string, o pushFlags) (done transfer.Pushed, err error) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(carryMemory))
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return done, errors.Join(err, fail(exitExists, "name another file", "%s exists", path))
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-") // mode 0600
	if err != nil {
		return done, fail(exitUsage, "name a file in a folder that is there", "%w", err)
	}
	defer func() { err = errors.Join(err, temp.Close(), cleanup.IgnoreAbsent(os.Remove(temp.Name()))) }()
	if done, err = a.exportTo(ctx, ref, temp, path, o); err != nil {
		return done, err
	}
	if err := temp.Sync(); err != nil {
		return done, err
	}
	if err := os.Link(temp.Name(), path); err != nil { // unlike a rename it replaces nothing
		return done, err
	}
	return done, durable.SyncDir(filepath.Dir(path))
}

func (a *app) exportTo(ctx context.Context, ref string, file *os.File, name string, o pushFlags) (transfer.Pushed, error) {
	l, ctx, err := a.load(ctx, ref, o)
	if err != nil {
		return transfer.Pushed{}, err
	}
	defer l.client.Close()
	if err := errors.Join(l.kept.Problem, hasManifest(l.kept)); err != nil {
		return transfer.Pushed{}, err
	}
	if len(l.options.Recipients) == 0 {
		a.warn("%s will not be encrypted: whoever reads it reads the database and its passwords; encrypt it with --recipient", name)
	}
	out := tar.NewWriter(file)
	if len(l.options.Recipients) == 0 {
		if err := store.WriteReadable(ctx, l.client.ContentStore(), l.kept, out); err != nil {
			return transfer.Pushed{}, err
		}
	}
	archive := transfer.NewArchive(name, out)
	done, err := l.push(ctx, archive, a.carryProgress("written"))
	if err == nil {
		err = errors.Join(archive.Close(), out.Close())
	}
	return done, err
}

func hasManifest(k store.Kept) error {
	if k.Manifest != nil || k.Problem != nil {
		return nil //nolint:nilerr // the problem is told by itself
	}
	return fmt.Errorf("%s: %w: it has no consistency manifest", k.Image.Name, store.ErrNoCheckpoint)
}

func importCommand(a *app) *cobra.Command {
	var f pullFlags
	cmd := &cobra.Command{
		Use:   "import FILE [IMAGE]",
		Short: "Bring a checkpoint from a file of lull export's, or the kubelet's, ready to be restored",
		Long: "Bring a checkpoint from a file that lull export wrote, or from an archive of the kubelet's or crictl's. Of those the base\n" +
			"image has to be here, and captures come with none: their volumes have to be as they were at the checkpoint, or its captures\n" +
			"be here. The container is restored outside of a pod.",
		Example: "  lull import monday.tar && lull restore pg:monday\n" +
			"  lull --namespace k8s.io import checkpoint-orders-0_default-postgres.tar orders:monday",
		Args: usage(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := os.Open(args[0])
			if err != nil {
				return fail(exitNotFound, "", "%w", err)
			}
			defer file.Close()
			done, err := a.importFrom(cmd.Context(), args[0], file, append(args, "")[1], f)
			if err != nil {
				return carryFailed(err)
			}
			return answer(a, done, a.printPulled)
		},
	}
	f.add(cmd)
	return cmd
}
