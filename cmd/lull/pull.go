package main

import (
	"context"
	"runtime/debug"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/store"
	"github.com/lull-containers/lull/store/artifact"
	"github.com/lull-containers/lull/store/transfer"
)

func pullCommand(a *app) *cobra.Command {
	var f pullFlags
	var plaintext bool
	cmd := &cobra.Command{
		Use:   "pull PLACE [IMAGE]",
		Short: "Bring a checkpoint from a registry or a folder, ready to be restored",
		Long: "Bring a checkpoint from PLACE, HOST/REPOSITORY:TAG or HOST/REPOSITORY@DIGEST of an OCI registry or oci:FOLDER:TAG\n" +
			"on disk, with its base image and its captures. Its name here is the one that it was pushed by, unless IMAGE is\n" +
			"given. Nothing has a name before all of it was read and compared. Interrupted, the same command goes on.",
		Example: "  lull pull --identity key.txt registry.example.com/backups/pg:monday\n" +
			"  lull restore --volume /var/lib/postgresql/data=/srv/pg pg:monday",
		Args: usage(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			done, err := a.pull(cmd.Context(), args[0], append(args, "")[1], f, plaintext)
			if err != nil {
				return carryFailed(err)
			}
			return answer(a, done, a.printPulled)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&plaintext, "plaintext", false, "talk to a registry that has no TLS also beyond this host")
	return cmd
}

// pullFlags are those of pull and import.
type pullFlags struct {
	keys        []string
	trustMounts bool
}

func (f *pullFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&f.keys, "identity", "i", nil, "file with a private key of age; may come several times")
	cmd.Flags().BoolVar(&f.trustMounts, "trust-mounts", false, "take mounts of folders of this host that nothing was captured of; only from a maker whom you trust")
}

func (a *app) pull(ctx context.Context, place, ref string, f pullFlags, plaintext bool) (transfer.Pulled, error) {
	open := transfer.Open
	if plaintext {
		open = transfer.OpenPlain
	}
	from, err := open(place)
	if err != nil {
		return transfer.Pulled{}, err
	}
	return a.pullFrom(ctx, from, ref, f)
}

func (a *app) pullFrom(ctx context.Context, from transfer.Place, ref string, f pullFlags) (transfer.Pulled, error) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(carryMemory))
	if err := nameable(ref); err != nil {
		return transfer.Pulled{}, err
	}
	with, err := identities(f.keys)
	if err != nil {
		return transfer.Pulled{}, err
	}
	return a.bring(ctx, func(ctx context.Context, client *containerd.Client, c store.Captures) (transfer.Pulled, error) {
		return transfer.Pull(ctx, client, c, from, transfer.PullOptions{Ref: ref, Identities: with, TrustMounts: f.trustMounts,
			Progress: a.carryProgress("pulled")})
	})
}

// nameable refuses what no image can be called; empty is left to the checkpoint.
func nameable(ref string) error {
	if ref != "" && !artifact.ValidName(ref) {
		return fail(exitUsage, "give another IMAGE", "no image can be called %.80q", ref)
	}
	return nil
}

// bring has a checkpoint brought into containerd and the store of captures.
func (a *app) bring(ctx context.Context, how func(context.Context, *containerd.Client, store.Captures) (transfer.Pulled, error)) (transfer.Pulled, error) {
	c, err := a.captures()
	if err != nil {
		return transfer.Pulled{}, err
	}
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return transfer.Pulled{}, err
	}
	defer client.Close()
	return how(ctx, client, c)
}

func (a *app) printPulled(p transfer.Pulled) {
	s := section{title: p.Ref}
	s.add("from", "%s", p.From)
	s.add("checkpoint", "%s", p.ID)
	s.add("digest", "%s", p.Digest)
	s.add("size", "%s, %s of it captures; %s were there", sizeText(p.Bytes), sizeText(p.Captures), sizeText(p.Wire))
	s.add("encrypted", "%s", map[bool]string{true: "yes", false: "no"}[p.Encrypted])
	printSections(a.out, a.colour(), []section{s})
}
