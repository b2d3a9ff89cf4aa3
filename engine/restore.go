package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/netgate"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/volume"
	"github.com/lull-containers/lull/volume/shm"
)

// Restore is one restore under way. Its methods come in the order Open,
// Prepare, Verify, Commit; Abort ends it at any point.
type Restore struct {
	c        *Container
	runtime  Runtime
	sessions Sessions
	agentUID uint32
	rec      *recorder

	dir      string // of the CRIU images
	manifest *manifest.Manifest
	onDrift  string
	rollback *volume.Rollback
	gate     *netgate.Gate
	shared   *shm.Restored // nil: none, or decided about
	undo     cleanup.Stack
	checked  []string
	cold     bool
	back     bool // in time, or beside the original

	statements string // of OnClone
	known      state.Known
}

// NewRestore begins a restore of c from the images in dir. onDrift decides
// what becomes of a volume that was written since: refuse, rollback or cold.
func NewRestore(c *Container, r Runtime, s Sessions, agentUID uint32, dir, onDrift string) *Restore {
	return &Restore{c: c, runtime: r, sessions: s, agentUID: agentUID, dir: dir, onDrift: onDrift, rec: newRecorder("restore")}
}

// Manifest of the checkpoint, after Open.
func (r *Restore) Manifest() *manifest.Manifest { return r.manifest }

// Folders are the container's folders that the checkpoint has files of.
func (r *Restore) Folders() (folders []string) {
	for _, v := range r.manifest.Volumes {
		folders = append(folders, v.Destination)
	}
	return folders
}

// Checked are the facts that Verify compared, a line each.
func (r *Restore) Checked() []string { return r.checked }

// Cold says that the volume stays as it is and the memory is not restored.
func (r *Restore) Cold() bool { return r.cold }

// Steps of the restore so far.
func (r *Restore) Steps() []manifest.Step { return r.rec.steps }

// Open checks everything that needs no volume. Nothing is changed.
func (r *Restore) Open(ctx context.Context) error {
	return r.rec.run(ctx, r.openSteps())
}

func (r *Restore) openSteps() []step {
	return []step{{"manifest", r.open}, {"host", r.host}, {"lineage", r.lineage}}
}

// Prepare checks or puts back the volumes, closes the network and configures
// CRIU. The root file system is mounted and no process runs. After an error
// everything is as it was.
func (r *Restore) Prepare(ctx context.Context) error {
	if err := r.rec.run(ctx, r.prepareSteps()); err != nil {
		return errors.Join(err, r.Abort(ctx))
	}
	return nil
}

func (r *Restore) prepareSteps() []step {
	return []step{{"volumes", r.volumes}, {"shared memory", r.putBackShared}, {"close network", r.closeNetwork}, {"configure", r.configure}}
}

// Verify waits for the restored database and compares it with the record.
// Until it has, only the agent reaches the database.
func (r *Restore) Verify(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.c.Settings.RestoreDeadline)
	defer cancel()
	return r.rec.run(ctx, r.verifySteps())
}

func (r *Restore) verifySteps() []step {
	return []step{{"verify", r.verify}, {"decide", r.decide}, {"open network", r.openNetwork}}
}

// decide makes the rolled back volumes stand before the first client may write
// to them: from here on a kill ends in what was restored.
func (r *Restore) decide(context.Context) error {
	if r.rollback == nil {
		return nil
	}
	return r.rollback.Decide()
}

// Commit keeps what was restored; what was kept aside of the volumes is let go.
func (r *Restore) Commit(ctx context.Context) error {
	r.undo.Keep()
	err := r.keepShared()
	if r.rollback != nil {
		err = errors.Join(err, r.rollback.Commit(ctx))
	}
	return err
}

// Abort undoes what Prepare did. The restored processes, if any, are gone.
func (r *Restore) Abort(ctx context.Context) error { return r.undo.Run(ctx, undoTime) }

func (r *Restore) open(ctx context.Context) (err error) {
	r.manifest, err = r.verifyImages(ctx)
	if err != nil {
		return rpccode.Wrap(codeOfManifest(err), err)
	}
	if err := unmarked(r.c.Paths.Store, r.manifest.ID); err != nil {
		return rpccode.Wrap(rpccode.Pending, err)
	}
	if was, is := r.manifest.Database.Engine, r.c.Found.Engine; was != is {
		return rpccode.Wrap(rpccode.Altered, fmt.Errorf("the checkpoint is of %s, the container is labelled %s; restore it into a container like the original", was, is))
	}
	return nil
}

func codeOfManifest(err error) rpccode.Code {
	switch {
	case errors.Is(err, manifest.ErrMissing):
		return rpccode.Missing
	case errors.Is(err, manifest.ErrPending), errors.Is(err, manifest.ErrPoisoned):
		return rpccode.Pending
	}
	return rpccode.Altered
}

func (r *Restore) host(context.Context) error {
	return rpccode.Wrap(rpccode.Host, errors.Join(fits(r.manifest.Host, r.c.Tools()), placeable(r.c.Spec, systemdRuns)))
}

// configure restores connections the way they were dumped: what was dumped
// with tcp-close must be restored with it.
func (r *Restore) configure(context.Context) error {
	if r.c.Clone() { // at another address nobody's connection lives on
		return criu.Config{Connections: "close"}.Write(r.c.Paths.CRIUConf)
	}
	return criu.Config{Connections: r.manifest.Asked.Connections}.Write(r.c.Paths.CRIUConf)
}
