package harness

import (
	"testing"

	containerd "github.com/containerd/containerd/v2/client"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/store"
)

// Client is a connection to this daemon, in its namespace. The test's end
// closes it.
func (d *Daemon) Client(t testing.TB) *containerd.Client {
	t.Helper()
	c, err := containerd.New(d.Address, containerd.WithDefaultNamespace(d.Namespace))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// Checkpoint opens a checkpoint image.
func (d *Daemon) Checkpoint(t testing.TB, ref string) *store.Checkpoint {
	t.Helper()
	client := d.Client(t)
	c, err := store.Open(t.Context(), client.ImageService(), client.ContentStore(), ref)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Manifest reads the manifest of a checkpoint image, which has to be one that
// restores.
func (d *Daemon) Manifest(t testing.TB, ref string) *manifest.Manifest {
	t.Helper()
	m, err := store.Verify(t.Context(), d.Client(t).ContentStore(), d.Checkpoint(t, ref))
	if err != nil {
		t.Fatal(err)
	}
	return m
}
