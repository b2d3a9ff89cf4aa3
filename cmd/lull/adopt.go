package main

import (
	"context"
	"io"

	containerd "github.com/containerd/containerd/v2/client"

	"github.com/lull-containers/lull/store"
	"github.com/lull-containers/lull/store/transfer"
)

// importFrom tells the archives apart by what is in them.
func (a *app) importFrom(ctx context.Context, name string, file io.ReadSeeker, ref string, f pullFlags) (transfer.Pulled, error) {
	if err := nameable(ref); err != nil {
		return transfer.Pulled{}, err
	}
	cri, ok, err := transfer.OpenCRI(name, file)
	if err != nil {
		return transfer.Pulled{}, err
	}
	if ok {
		return a.bring(ctx, func(ctx context.Context, client *containerd.Client, c store.Captures) (transfer.Pulled, error) {
			return transfer.Adopt(ctx, client, c, cri, transfer.PullOptions{Ref: ref, TrustMounts: f.trustMounts})
		})
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return transfer.Pulled{}, err
	}
	from, err := transfer.OpenExported(name, file)
	if err != nil {
		return transfer.Pulled{}, err
	}
	return a.pullFrom(ctx, from, ref, f)
}
