package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/internal/dockerd"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/plugin/docker"
	"github.com/lull-containers/lull/volume"
)

// cutInDocker is a container of Docker's that ended, with a sealed checkpoint of
// its volume.
type cutInDocker struct {
	*testing.T
	dockerAdvice
	volume, checkpoint string // folders
}

func newCutInDocker(t *testing.T) *cutInDocker {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	c := &cutInDocker{T: t, dockerAdvice: dockerAdvice{&app{namespace: dockerNamespace}, config.Default()}}
	c.check(err)
	c.cfg.DockerRoot, c.cfg.StateDir = filepath.Join(dir, "docker"), filepath.Join(dir, "state")
	c.volume = filepath.Join(dir, "docker", "volumes", "v", "_data")
	c.checkpoint = filepath.Join(dir, "docker", "containers", "db", "checkpoints", "cut")
	c.put(filepath.Join(c.volume, "table"), "rows")
	c.container(`{}`, `{"Running":false}`)
	c.seal()
	return c
}

func (c *cutInDocker) check(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *cutInDocker) put(path, text string) {
	c.Helper()
	c.check(os.MkdirAll(filepath.Dir(path), 0o700))
	c.check(os.WriteFile(path, []byte(text), 0o600))
}

func (c *cutInDocker) container(labels, now string) {
	dir := filepath.Join(c.cfg.DockerRoot, "containers", "db")
	c.put(filepath.Join(dir, dockerd.HostFile), `{}`)
	c.put(filepath.Join(dir, dockerd.ConfigFile), fmt.Sprintf(`{"ID":"db","Name":"/pg","State":%s,"Config":{"Labels":%s},
		"MountPoints":{"/data":{"Type":"volume","Name":"v","Driver":"local"}}}`, now, labels))
}

// seal makes the checkpoint of the volume as it is.
func (c *cutInDocker) seal() {
	list, err := volume.Fingerprint(c.Context(), c.volume, volume.Options{Content: true})
	c.check(err)
	c.check(os.MkdirAll(c.checkpoint, 0o700))
	c.check(list.WriteFile(filepath.Join(c.checkpoint, volume.ListName(0))))
	m := exampleManifest()
	m.Volumes = []manifest.Volume{{Name: "volume-0", Kind: string(volume.Bind), Destination: "/data", Source: c.volume, FileSystem: "ext4",
		Fingerprint: list.Summary(volume.ListName(0)), Capture: &manifest.Capture{Store: "/captures", Path: "/captures/volume-0", Method: "copy"}}}
	c.check(manifest.Write(c.checkpoint, m))
	c.check(manifest.Seal(c.Context(), c.checkpoint, m))
}

// write changes contents, and neither size nor mtime.
func (c *cutInDocker) write() {
	path := filepath.Join(c.volume, "table")
	info, err := os.Stat(path)
	c.check(err)
	c.put(path, "ROWS")
	c.check(os.Chtimes(path, info.ModTime(), info.ModTime()))
}

// advice is what the plugin says of a start from the checkpoint.
func (c *cutInDocker) advice(ctx context.Context) error {
	k, err := dockerd.Lookup(c.cfg.DockerRoot, "pg")
	c.check(err)
	call := docker.Call{Container: "pg", Checkpoint: "cut"}
	m, err := judge(k, call)
	c.check(err)
	return c.unwritten(ctx, k, checkpointFolder(k, call), m)
}

func TestWrittenVolumeIsRefused(t *testing.T) {
	c := newCutInDocker(t)
	if err := c.advice(t.Context()); err != nil {
		t.Fatalf("equal: %v", err)
	}
	c.write()
	err := c.advice(t.Context())
	var no *docker.Refusal
	if !errors.As(err, &no) {
		t.Fatalf("written: %v", err)
	}
	code, _ := rpccode.Of(errors.New("authorization denied by plugin lull: " + no.Text))
	for _, want := range []string{"volume /data (" + c.volume + ") was written since", "table (contents)", "lull allow-rollback pg,", "lull/on-drift=rollback"} {
		if code != rpccode.Drift || !strings.Contains(no.Text, want) {
			t.Errorf("%s: %q lacks %q", code, no.Text, want)
		}
	}
	if _, err := os.Lstat(c.cfg.StateDir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it leaves something: %v", err)
	}
}

// Whatever else may be true of a written volume, the shim tells.
func TestWrittenVolumeIsNotRefused(t *testing.T) {
	permit := func(c *cutInDocker, answer string) {
		c.check(state.Allow(c.cfg.StateDir, dockerNamespace, "db", state.Permit{OnDrift: answer, Expires: time.Now().Add(time.Hour)}))
	}
	for name, change := range map[string]func(*cutInDocker){
		"a permit":       func(c *cutInDocker) { permit(c, driftRollback) },
		"a permit: cold": func(c *cutInDocker) { permit(c, driftCold) },
		"rollback":       func(c *cutInDocker) { c.container(`{"lull/on-drift":"rollback"}`, `{}`) },
		"cold":           func(c *cutInDocker) { c.container(`{"lull/on-drift":"cold"}`, `{}`) },
		"it runs":        func(c *cutInDocker) { c.container(`{}`, `{"Running":true}`) },
		"a bad label":    func(c *cutInDocker) { c.container(`{"lull/on-drift":"perhaps"}`, `{}`) },
		"no such folder": func(c *cutInDocker) { c.check(os.RemoveAll(c.volume)) },
		"another folder": func(c *cutInDocker) {
			c.check(os.Rename(c.volume, c.volume+".old"))
			c.check(os.Mkdir(c.volume, 0o700))
		},
		"another's list": func(c *cutInDocker) { c.put(filepath.Join(c.checkpoint, volume.ListName(0)), "{}") },
		"a server lives there": func(c *cutInDocker) {
			l, err := volume.AcquireLease(state.Leases(c.cfg.StateDir), c.volume, volume.Holder{Container: "other"})
			c.check(err)
			c.check(l.Record(unix.Getpid()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCutInDocker(t)
			c.write()
			change(c)
			var no *docker.Refusal
			if err := c.advice(t.Context()); errors.As(err, &no) {
				t.Error(err)
			}
			if _, ok, err := state.Look(c.cfg.StateDir, dockerNamespace, "db", time.Now()); ok != strings.HasPrefix(name, "a permit") || err != nil {
				t.Errorf("a permit is left: %v, %v", ok, err)
			}
		})
	}
}

func TestWrittenVolumeOutOfPatience(t *testing.T) {
	c := newCutInDocker(t)
	c.write()
	late, cancel := context.WithCancel(t.Context())
	cancel()
	var no *docker.Refusal
	if err := c.advice(late); err == nil || errors.As(err, &no) {
		t.Errorf("it says %v", err)
	}
}
