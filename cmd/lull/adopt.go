package main

import (
	"context"
	"io"

	"github.com/lull-containers/lull/store/artifact"
	"github.com/lull-containers/lull/store/transfer"
)

// importFrom tells the archives apart by what is in them.
func (a *app) importFrom(ctx context.Context, name string, file io.ReadSeeker, ref string, f pullFlags) (transfer.Pulled, error) {
	if ref != "" && !artifact.ValidName(ref) {
		return transfer.Pulled{}, fail(exitUsage, "give another IMAGE", "no image can be called %.80q", ref)
	}
	cri, ok, err := transfer.OpenCRI(name, file)
	if err != nil {
		return transfer.Pulled{}, err
	}
	if ok {
		return a.adopt(ctx, cri, ref, f)
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

func (a *app) adopt(ctx context.Context, cri *transfer.CRI, ref string, f pullFlags) (transfer.Pulled, error) {
	c, err := a.captures()
	if err != nil {
		return transfer.Pulled{}, err
	}
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return transfer.Pulled{}, err
	}
	defer client.Close()
	return transfer.Adopt(ctx, client, c, cri, transfer.PullOptions{Ref: ref, TrustMounts: f.trustMounts})
}
