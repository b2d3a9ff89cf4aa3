package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/semaphore"
)

// Reporter hears how a build goes. Its methods are called from several
// goroutines.
type Reporter interface {
	Note(line string)
	Start(part, version string)
	Step(part, line string)
	Done(part string, took time.Duration, err error)
}

// Build makes the named parts, and what they need, unless they are in the
// cache; all parts when none is named. It returns how many it made. Two builds
// in one cache wait for each other, and an interrupted one leaves nothing that
// counts as built.
func Build(ctx context.Context, l Layout, r Reporter, names ...string) (int, error) {
	if os.Geteuid() != 0 {
		return 0, errors.New("building the lab needs root (images are unpacked with their owners): run it with sudo")
	}
	all, err := allParts(ctx, r)
	if err != nil {
		return 0, err
	}
	chosen, err := choose(all, names)
	if err != nil {
		return 0, err
	}
	if len(missing(l, chosen)) == 0 {
		return 0, nil
	}
	release, err := lockFile(filepath.Join(l.Cache, "lock"), func() {
		r.Note("another build holds " + l.Cache + ", waiting for it")
	})
	if err != nil {
		return 0, err
	}
	defer release()
	if err := removeTree(filepath.Join(l.Cache, "tmp")); err != nil {
		return 0, fmt.Errorf("remove what an interrupted build left: %w", err)
	}
	todo := missing(l, chosen) // another build may have made some meanwhile
	return len(todo), (&build{layout: l, report: r, parts: all}).run(ctx, todo)
}

func missing(l Layout, parts []keyed) []keyed {
	var out []keyed
	for _, k := range parts {
		if !k.built(l) {
			out = append(out, k)
		}
	}
	return out
}

type build struct {
	layout Layout
	report Reporter
	parts  []keyed
}

// run makes parts side by side. Compilers fill every core and unpackers mostly
// wait, so two at once are right even on a small machine. A part that fails
// does not stop those that do not need it.
func (b *build) run(ctx context.Context, todo []keyed) error {
	slots := semaphore.NewWeighted(int64(min(4, max(2, runtime.NumCPU()))))
	ends := map[string]*ending{}
	for _, k := range todo {
		ends[k.Name] = &ending{done: make(chan struct{})}
	}
	for _, k := range todo {
		go func() {
			end := ends[k.Name]
			defer close(end.done)
			end.err = b.inTurn(ctx, k, ends, slots)
		}()
	}
	var errs []error
	for _, k := range todo {
		<-ends[k.Name].done
		if err := ends[k.Name].err; !errors.Is(err, errNeeds) {
			errs = append(errs, err)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(errs...)
}

// ending is how one part's build ended; err may be read once done is closed.
type ending struct {
	done chan struct{}
	err  error
}

// errNeeds is the error of a part that was not tried: the reason is in another's.
var errNeeds = errors.New("a part that it needs was not built")

func (b *build) inTurn(ctx context.Context, k keyed, ends map[string]*ending, slots *semaphore.Weighted) error {
	for _, n := range k.Needs {
		end, ok := ends[n]
		if !ok { // in the cache already
			continue
		}
		if <-end.done; end.err != nil {
			return errNeeds
		}
	}
	if err := slots.Acquire(ctx, 1); err != nil {
		return err
	}
	defer slots.Release(1)
	return b.one(ctx, k)
}

func (b *build) one(ctx context.Context, k keyed) (err error) {
	begin := time.Now()
	b.report.Start(k.Name, k.Version)
	defer func() { b.report.Done(k.Name, time.Since(begin), err) }()
	bench, err := b.bench(k)
	if err != nil {
		return fmt.Errorf("part %s: %w", k.Name, err)
	}
	defer bench.log.Close()
	if err := k.Make(ctx, bench); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("part %s: %w\n%s\n  log: %s", k.Name, err, tail(bench.log.Name(), 12), bench.log.Name())
	}
	return b.publish(k, bench, time.Since(begin))
}

func (b *build) bench(k keyed) (*Bench, error) {
	root := filepath.Join(b.layout.Cache, "tmp", k.Key)
	bench := &Bench{
		Dir:   filepath.Join(root, "part"),
		Temp:  filepath.Join(root, "temp"),
		Needs: map[string]string{},
		say:   func(line string) { b.report.Step(k.Name, line) },
	}
	logs := filepath.Join(b.layout.Cache, "log")
	for _, dir := range []string{bench.Dir, bench.Temp, logs} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	for _, p := range b.parts {
		bench.Needs[p.Name] = p.dir(b.layout)
	}
	var err error
	bench.log, err = os.Create(filepath.Join(logs, k.Name+".log"))
	return bench, err
}

// publish stamps a finished part and gives it its place by one rename.
func (b *build) publish(k keyed, bench *Bench, took time.Duration) error {
	size, err := treeSize(bench.Dir)
	if err != nil {
		return err
	}
	s := stamp{Name: k.Name, Version: k.Version, Key: k.Key, Bytes: size, Took: took, Built: time.Now().UTC(), Found: bench.found}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(bench.Dir, stampFile), append(text, '\n'), 0o644); err != nil {
		return err
	}
	if err := os.RemoveAll(k.dir(b.layout)); err != nil { // a folder without a stamp
		return err
	}
	if err := os.Rename(bench.Dir, k.dir(b.layout)); err != nil {
		return err
	}
	return removeTree(filepath.Dir(bench.Dir))
}

func treeSize(dir string) (int64, error) {
	var total int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}
