package shim

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/internal/rawspec"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/internal/wall"
	"github.com/lull-containers/lull/isolate"
)

func (t *task) apart() isolate.Place {
	return isolate.Place{Store: t.c.Paths.Store, Namespace: t.c.Namespace, ID: t.c.ID}
}

// stayApart keeps a container that was isolated isolated, however its task is
// started again.
func (t *task) stayApart() error {
	m, ok, err := t.apart().Read()
	if err != nil || !ok {
		return err
	}
	if !m.Of(t.created) { // of an earlier container of this name
		return errors.Join(m.Walled.Open(), t.apart().Remove())
	}
	t.isolated = true
	return t.keepApart(m)
}

// goApart isolates a container that is being restored, from now on. No process
// runs yet; an aborted restore takes it back.
func (t *task) goApart() error {
	if t.isolated || !t.restore.Apart() {
		return nil
	}
	if err := t.alone(); err != nil {
		return err
	}
	data := append(t.restore.Folders(), engine.DataFolders(t.c)...)
	if err := t.unshared(data); err != nil {
		return err
	}
	t.restore.Undo("the isolation", func(context.Context) error { return t.apart().Remove() })
	return t.keepApart(isolate.Mark{Checkpoint: t.restore.Manifest().ID, Since: time.Now().UTC(),
		Created: t.created, Data: data})
}

// alone refuses a network namespace that others are in: its wall would be
// theirs too. Lull's agents are not meant, nor a pod's process that does nothing
// but hold it.
func (t *task) alone() error {
	if t.c.Network.Mode != engine.NetworkPath {
		return nil
	}
	all, err := netns.Users(t.c.Network.Path)
	if err != nil {
		return rpccode.Wrap(rpccode.Host, err)
	}
	for _, u := range all {
		if u.Name == "pause" || u.Name == "lull" {
			continue
		}
		return rpccode.Wrap(rpccode.Lineage, fmt.Errorf("it cannot be isolated: process %d (%s) is in its network namespace %s too; "+
			"run it in one of its own", u.PID, u.Name, t.c.Network.Path))
	}
	return nil
}

// unshared refuses mounts that the database has not for itself: no stand-in can
// be put in the place of a part, for CRIU knows the whole.
func (t *task) unshared(data []string) error {
	for _, m := range t.c.Spec.Mounts {
		if !rawspec.IsBind(m) || !holds(m, data) {
			continue
		}
		found, err := isolate.Beside(m, data)
		if err != nil {
			return err
		}
		if found != "" {
			return rpccode.Wrap(rpccode.Lineage, fmt.Errorf("it cannot be isolated: the mount of %s has %s beside the data folder, "+
				"and others may be reached by that; move it out of the mount", m.Destination, found))
		}
	}
	return nil
}

// keepApart closes the network both ways and puts stand-ins in the place of
// every mount that somebody could be reached by.
func (t *task) keepApart(m isolate.Mark) error {
	ns := t.c.Network.Path
	if ns == "" {
		return rpccode.Wrap(rpccode.Lineage, errors.New("it cannot be isolated: it is in the host's network, or in one inside a user namespace; "+
			"run it in a network namespace of its own"))
	}
	standIns, err := t.standIns(m.Data)
	if err != nil {
		return err
	}
	m.Mounts = standIns
	if t.c.Network.Mode == engine.NetworkPath {
		if m.Walled, err = isolate.WalledAt(ns); err != nil {
			return rpccode.Wrap(rpccode.Host, err)
		}
	}
	if err := t.apart().Write(m); err != nil {
		return fmt.Errorf("mark it as isolated: %w", err)
	}
	if t.c.Network.Mode == engine.NetworkPath {
		t.undo.Push("the wall", func(context.Context) error { return wall.Remove(ns) })
	}
	if err := (wall.Wall{NetNS: ns}).Raise(); err != nil {
		return rpccode.Wrap(rpccode.Host, err)
	}
	return edit(t.c.Bundle, func(spec map[string]any) error { return isolate.SetSources(spec, standIns) })
}

func (t *task) standIns(data []string) (all []isolate.StandIn, err error) {
	for i, m := range t.c.Spec.Mounts {
		if !isolate.Needed(m) || holds(m, data) || t.restore.OwnMemory(m) {
			continue
		}
		s := isolate.For(m, i, t.apart().Dir())
		if err := s.Lay(true); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// holds tells whether one of the database's own folders is on a mount.
func holds(m specs.Mount, folders []string) bool {
	at := strings.TrimSuffix(path.Clean(m.Destination), "/") + "/"
	for _, f := range folders {
		if strings.HasPrefix(path.Clean(f)+"/", at) {
			return true
		}
	}
	return false
}
