package cri

import (
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// What was a pod's comes back by lull alone, outside of a pod: from the CRI's
// archive, and from a checkpoint of lull's own.
func TestOutOfPod(t *testing.T) {
	n := newNode(t)
	const ref = "lull.example/db:cut"
	t.Run("archive", func(t *testing.T) {
		d, archive := newDatabase(t, n, "redis 8.0"), filepath.Join(t.TempDir(), "db.tar")
		d.there(t, func() { n.do(t, "checkpoint", "--export", archive, d.id) }, func() {
			n.Lull(t, "import", archive, ref+"-1")
		}, func() int { return d.restored(t, ref+"-1") })
	})
	t.Run("image", func(t *testing.T) {
		d := newDatabase(t, n, "redis 8.0")
		d.there(t, func() { n.Lull(t, "checkpoint", d.id, ref+"-2") }, func() {}, func() int { return d.restored(t, ref+"-2") })
	})
	t.Run("another node", func(t *testing.T) {
		harness.Full(t)
		d, other, place := newDatabase(t, n, "redis 8.0"), harness.Machine(t), "oci:"+t.TempDir()+":cut"
		d.there(t, func() { n.Lull(t, "checkpoint", d.id, ref+"-3") }, func() { n.Lull(t, "push", "--plaintext", ref+"-3", place) }, func() int {
			other.Lull(t, "pull", place)
			c := other.Container(t, d.id)
			other.Lull(t, "restore", "--volume", "/data="+filepath.Join(other.Data, "volume"), ref+"-3")
			return c.PID(t)
		})
	})
}

// restored gives the pid of what lull has restored.
func (d *database) restored(t *testing.T, ref string) int {
	t.Helper()
	c := d.n.Container(t, d.id)
	d.n.Lull(t, "restore", ref)
	return c.PID(t)
}
