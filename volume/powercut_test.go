package volume

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// A power cut at any step of a put back, on a real file system with a journal:
// the backing file is copied at that moment, and what was not synced is not in
// it. Mounted again and recovered the volume has the old contents or the new
// ones, never a mix, and the new ones once the decision was returned.
func TestPowerCutInPutBack(t *testing.T) {
	if !ownMounts(t) {
		return
	}
	for kind, mib := range map[string]int64{"ext4": 64, "xfs": 320, "btrfs": 128} {
		t.Run(kind, func(t *testing.T) {
			p := &power{images: tempDir(t)}
			var dir string
			dir, p.image = mountImage(t, kind, mib<<20)
			list, old := p.putBack(t, dir)
			must(t, unix.Unmount(dir, 0)) // btrfs mounts no second one of the same identity
			p.judge(t, dir, list, old)
		})
	}
}

// power copies a disk at moments.
type power struct {
	image, images string
	cuts          []powerCut
	decided       bool
}

type powerCut struct {
	step, image string
	decided     bool
}

// putBack puts a volume back, with a cut at every step.
func (p *power) putBack(t *testing.T, dir string) (list, old *List) {
	t.Helper()
	write(t, dir+"/db/file", noise("new", 300_000))
	write(t, dir+"/db/base/1", noise("one", 50_000))
	list = captured(t, dir+"/db", dir+"/capture", CaptureOptions{Hash: true}).List
	write(t, dir+"/db/file", noise("old", 310_000))
	write(t, dir+"/db/later", noise("later", 10_000))
	must(t, SyncFS(dir))
	old = fingerprint(t, dir+"/db")
	step := func(name string) error { return p.cut(t, name) }
	r, err := PutBack(t.Context(), []Pair{{Capture: dir + "/capture", Dst: dir + "/db", List: list}}, PutBackOptions{Step: step})
	must(t, err)
	must(t, r.Decide())
	p.decided = true
	must(t, r.Commit(t.Context()))
	same(t, dir+"/db", list)
	return list, old
}

// cut copies the disk as it is, without what waits to be written to it.
func (p *power) cut(t *testing.T, step string) error {
	t.Helper()
	copied := filepath.Join(p.images, strconv.Itoa(len(p.cuts)))
	if out, err := exec.Command("cp", "--sparse=always", p.image, copied).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p.cuts = append(p.cuts, powerCut{step, copied, p.decided})
	return nil
}

// judge mounts each copy and recovers what is on it.
func (p *power) judge(t *testing.T, dir string, list, old *List) {
	t.Helper()
	seen := map[Outcome]int{}
	for i, c := range p.cuts {
		mountCut(t, c, dir)
		_, err := Recover(t.Context(), dir+"/db")
		must(t, err)
		switch now := fingerprint(t, dir+"/db").Content(); {
		case now == list.Content():
			seen[New]++
		case now == old.Content() && !c.decided:
			seen[Old]++
		default:
			t.Errorf("cut %d at %s: neither the old contents nor the new (decided: %v)", i, c.step, c.decided)
		}
		must(t, unix.Unmount(dir, 0))
		must(t, os.Remove(c.image))
	}
	t.Logf("%d cuts: %v", len(p.cuts), seen)
	if seen[Old] == 0 || seen[New] == 0 {
		t.Errorf("outcomes: %v", seen)
	}
}

func mountCut(t *testing.T, c powerCut, dir string) {
	t.Helper()
	_ = exec.Command("btrfs", "device", "scan", "--forget").Run() // of an earlier copy
	if out, err := exec.Command("mount", "-o", "loop", c.image, dir).CombinedOutput(); err != nil {
		t.Fatalf("cut at %s: %v: %s", c.step, err, out)
	}
}

// A power cut at any step of a capture leaves nothing under its name that is
// not whole.
func TestPowerCutInCapture(t *testing.T) {
	if !ownMounts(t) {
		return
	}
	for kind, mib := range map[string]int64{"ext4": 64, "xfs": 320, "btrfs": 128} {
		t.Run(kind, func(t *testing.T) {
			p := &power{images: tempDir(t)}
			var dir string
			dir, p.image = mountImage(t, kind, mib<<20)
			write(t, dir+"/db/file", noise("file", 300_000))
			write(t, dir+"/db/base/1", noise("one", 50_000))
			must(t, SyncFS(dir))
			step := func(name string) error { return p.cut(t, name) }
			list := captured(t, dir+"/db", dir+"/store/volume-0", CaptureOptions{Step: step}).List
			must(t, p.cut(t, "published"))
			must(t, unix.Unmount(dir, 0))
			for i, c := range p.cuts {
				mountCut(t, c, dir)
				_, err := os.Stat(dir + "/store/volume-0")
				if err == nil {
					same(t, dir+"/store/volume-0", list)
				}
				if c.step == "published" && err != nil {
					t.Errorf("it is not durable: %v", err)
				}
				if _, err := Prune(t.Context(), dir+"/store"); err != nil {
					t.Errorf("cut %d at %s: %v", i, c.step, err)
				}
				must(t, unix.Unmount(dir, 0))
			}
			t.Logf("%d cuts", len(p.cuts))
		})
	}
}
