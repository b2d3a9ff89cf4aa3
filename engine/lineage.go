package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/volume"
)

// isolate is the answer to ties that keeps the restored server apart.
const isolate = "isolate"

// labelClone is on containers that are clones, without the prefix.
const labelClone = "clone-of"

// Clone tells whether the container is a copy beside its original.
func (c *Container) Clone() bool { return c.LullLabels()[labelClone] != "" }

// Apart says that the server goes back in time, or stands beside its original,
// and is to be kept from everybody outside: by whoever makes its mounts and
// network, before it runs. A clone's are its own already.
func (r *Restore) Apart() bool {
	return r.back && r.c.Settings.Lineage == isolate && !r.c.Clone()
}

// Undo has u run when the restore is aborted.
func (r *Restore) Undo(what string, u func(context.Context) error) { r.undo.Push(what, u) }

// lineage judges what is known before the volumes are looked at: a clone is a
// second server of one identity, and a data folder in the container's own
// layer is as old as the image, unless the checkpoint was the server's end.
func (r *Restore) lineage(context.Context) error {
	inLayer := slices.ContainsFunc(r.manifest.Volumes, func(v manifest.Volume) bool { return v.Kind == string(volume.RW) })
	if !r.c.Clone() && (!inLayer || r.manifest.Container.Exit) {
		return nil
	}
	return r.goBack(nil)
}

// goBack refuses to part the server from others without leave.
func (r *Restore) goBack(places []place) error {
	r.back = true
	if r.c.Settings.Lineage == isolate {
		return nil
	}
	ties := r.manifest.Database.Lineage
	for _, p := range places {
		ties = append(slices.Clone(ties), tiesIn(r.manifest.Database.Engine, p)...)
	}
	if len(ties) == 0 {
		return nil
	}
	return rpccode.Wrap(rpccode.Lineage, fmt.Errorf("others stand on this database, and it would go back in time or be there twice: %s; "+
		"the label lull/lineage=isolate (lull restore --isolate, lull clone --isolate) keeps the restored one apart from them", TieText(ties)))
}

// TieText names ties for people.
func TieText(ties []manifest.Lineage) string {
	var all []string
	for _, t := range ties {
		text := t.Kind + " " + t.Name
		if t.Detail != "" {
			text += " (" + t.Detail + ")"
		}
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return strings.Join(all, ", ")
}

// tiesIn finds what a volume tells of ties that were made after the
// checkpoint: PostgreSQL's replication slots are folders.
func tiesIn(engine string, p place) (ties []manifest.Lineage) {
	if engine != quiesce.Postgres {
		return nil
	}
	slots, _ := os.ReadDir(filepath.Join(p.now, "pg_replslot")) // not every volume has it
	for _, s := range slots {
		if s.IsDir() {
			ties = append(ties, manifest.Lineage{Kind: "slot", Name: s.Name()})
		}
	}
	return ties
}
