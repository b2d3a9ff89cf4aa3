package lab

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"embed"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

//go:embed images
var imageFiles embed.FS

// imageArchive is the file in a part's folder that `ctr images import` takes.
const imageArchive = "image.tar"

// Ref is the image's name as ctr, Docker and nerdctl show it.
func (i image) Ref() string { return "docker.io/library/" + i.short() }

func (i image) short() string { return i.Name + ":" + i.Tag }

func (i image) partName() string   { return i.Name + "-" + i.Tag }
func (i image) rootfsName() string { return "rootfs-" + i.partName() }

// parts are two, so that a changed entrypoint does not fetch a system again.
func (i image) parts() (rootfs, archive Part) {
	rootfs = Part{Name: i.rootfsName(), Version: i.Suite}
	if r := i.static(); r != nil {
		rootfs.Recipe, rootfs.Make = r, r.make
	} else {
		r := rootfsRecipe{Suite: i.Suite, Packages: i.Packages, Users: i.Users, Drop: i.Drop}
		rootfs.Recipe, rootfs.Make = []any{r, r.args()}, r.make
	}
	archive = Part{
		Name: i.partName(), Version: i.Suite,
		Needs:  slices.Concat([]string{rootfs.Name}, i.Programs),
		Recipe: []any{i, i.scripts()},
		Make:   i.make,
	}
	return rootfs, archive
}

// pulled says that the official image is used, as LAB_IMAGES=hub asks.
func (i image) pulled() bool { return i.Official && os.Getenv("LAB_IMAGES") == "hub" }

func (i image) static() *staticRecipe {
	if !i.Static {
		return nil
	}
	return &staticRecipe{Suite: i.Suite, Package: i.Packages[0], Names: busyboxNames}
}

// scripts are the files of images/NAME/, which go to /usr/local/bin.
func (i image) scripts() map[string]string {
	out := map[string]string{}
	dir := "images/" + cmp.Or(i.Scripts, i.Name)
	entries, _ := imageFiles.ReadDir(dir)
	for _, e := range entries {
		b, _ := imageFiles.ReadFile(dir + "/" + e.Name())
		out[e.Name()] = string(b)
	}
	return out
}

// make puts an image together: the root file system, a layer with the
// entrypoint and folders, and the configuration.
func (i image) make(_ context.Context, b *Bench) error {
	b.Say("putting %s together", i.short())
	if s, err := readStamp(b.Needs[i.rootfsName()]); err == nil {
		b.Found(s.Found)
	}
	base, err := tarball.LayerFromFile(filepath.Join(b.Needs[i.rootfsName()], "rootfs.tar"))
	if err != nil {
		return err
	}
	top, err := i.topLayer(b)
	if err != nil {
		return err
	}
	img, err := mutate.AppendLayers(empty.Image, base, top)
	if err != nil {
		return err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return err
	}
	img, err = mutate.ConfigFile(img, i.fill(config.DeepCopy()))
	if err != nil {
		return err
	}
	// The short form: importers complete it to Ref.
	tag, err := name.NewTag(i.short())
	if err != nil {
		return err
	}
	return tarball.WriteToFile(filepath.Join(b.Dir, imageArchive), tag, img)
}

func (i image) fill(c *v1.ConfigFile) *v1.ConfigFile {
	c.OS, c.Architecture = "linux", runtime.GOARCH
	c.Config = v1.Config{
		Env:          i.Config.Env,
		Entrypoint:   i.Config.Entrypoint,
		Cmd:          i.Config.Cmd,
		WorkingDir:   i.Config.WorkingDir,
		StopSignal:   i.Config.StopSignal,
		ExposedPorts: set(i.Config.Ports),
		Volumes:      set(i.Config.Volumes),
	}
	return c
}

func set(names []string) map[string]struct{} {
	if len(names) == 0 {
		return nil
	}
	out := map[string]struct{}{}
	for _, n := range names {
		out[n] = struct{}{}
	}
	return out
}

func (i image) topLayer(b *Bench) (v1.Layer, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range i.Folders {
		h := &tar.Header{Typeflag: tar.TypeDir, Name: f.Path + "/", Mode: f.Mode, Uid: f.ID, Gid: f.ID, ModTime: time.Unix(0, 0)}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
	}
	for file, text := range i.scripts() {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: path.Join("usr/local/bin", file), Mode: 0o755, Size: int64(len(text)), ModTime: time.Unix(0, 0)}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return nil, err
		}
	}
	if err := i.addPrograms(w, b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("layer of %s: %w", i.short(), err)
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(buf.Bytes())), nil
	})
}
