package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/store/artifact"
	"github.com/lull-containers/lull/store/transfer"
)

// carryMemory is what a transfer keeps to, whatever it carries: in bytes.
const carryMemory = 40 << 20

type pushFlags struct {
	recipients, files []string
	plaintext         bool
}

func pushCommand(a *app) *cobra.Command {
	var o pushFlags
	cmd := &cobra.Command{
		Use:   "push IMAGE PLACE",
		Short: "Carry a checkpoint to a registry or a folder: memory, files and base image",
		Long: "Carry a checkpoint to PLACE, HOST/REPOSITORY:TAG of an OCI registry or oci:FOLDER:TAG on disk, with everything\n" +
			"that a restore elsewhere needs. It is compressed, and encrypted to whom --recipient names; in clear text it goes\n" +
			"to a registry on this host only, unless --plaintext says otherwise. Interrupted, the same command goes on.",
		Example: "  lull push --recipient age1… pg:monday registry.example.com/backups/pg:monday\n" +
			"  lull push --recipients-file keys.txt pg:monday oci:/mnt/backup:monday",
		Args:              usage(cobra.ExactArgs(2)),
		ValidArgsFunction: completes(a.checkpointNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			done, err := a.push(cmd.Context(), args[0], args[1], o)
			if err != nil {
				return carryFailed(err)
			}
			return answer(a, done, a.printPushed)
		},
	}
	f := cmd.Flags()
	f.StringArrayVarP(&o.recipients, "recipient", "r", nil, "public key of age to encrypt to; may come several times")
	f.StringArrayVarP(&o.files, "recipients-file", "R", nil, "file with public keys, one a line")
	f.BoolVar(&o.plaintext, "plaintext", false, "let everybody on the way and there read the database")
	return cmd
}

func (a *app) push(ctx context.Context, ref, place string, o pushFlags) (transfer.Pushed, error) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(carryMemory))
	open := transfer.Open
	if o.plaintext {
		open = transfer.OpenPlain
	}
	where, err := open(place)
	if err != nil {
		return transfer.Pushed{}, err
	}
	l, ctx, err := a.load(ctx, ref, o)
	if err != nil {
		return transfer.Pushed{}, err
	}
	defer l.client.Close()
	return l.push(ctx, where, a.carryProgress("pushed"))
}

// carryProgress says about every second how far it is.
func (a *app) carryProgress(verb string) func(done, total int64) {
	var mu sync.Mutex
	last := time.Now() // guarded by mu
	return func(done, total int64) {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(last) > time.Second {
			last = time.Now()
			a.progress("%s %s of %s", verb, sizeText(done), sizeText(total))
		}
	}
}

func carryFailed(err error) error {
	var coder exitCoder
	switch {
	case errors.As(err, &coder):
		return err
	case errors.Is(err, transfer.ErrClear):
		return &failure{code: exitUsage, err: err}
	case errors.Is(err, artifact.ErrFormat), errors.Is(err, artifact.ErrKey), errors.Is(err, transfer.ErrHarm):
		return &failure{code: exitManifest, err: err}
	case errors.Is(err, transfer.ErrAbsent), errors.Is(err, transfer.ErrBase):
		return &failure{code: exitNotFound, err: err}
	case errors.Is(err, transfer.ErrRoom):
		return &failure{code: exitHost, err: err}
	}
	return err
}

func (a *app) printPushed(p transfer.Pushed) {
	s := section{title: p.Place}
	s.add("checkpoint", "%s", p.ID)
	s.add("digest", "%s", p.Digest)
	s.add("size", "%s, %s there, in %d chunks%s", sizeText(p.Bytes), sizeText(p.Wire), p.Chunks, reusedText(p.Reused))
	s.add("encrypted", "%s", map[bool]string{true: "with age", false: "NO: everybody there can read the database"}[p.Encrypted])
	printSections(a.out, a.colour(), []section{s})
}

func reusedText(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d of them there already", n)
}
