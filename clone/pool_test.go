package clone

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lull-containers/lull/volume/captures"
)

const checkpointID = "00112233445566778899aabbccddeeff"

func newPool(t *testing.T, h House) Pool {
	t.Helper()
	p := Pool{Name: "a", Namespace: h.Namespace, Ref: "shop:seeded", Checkpoint: checkpointID, Size: 2,
		Created: time.Now().UTC()}
	must(t, h.NewPool(p))
	return p
}

func member(t *testing.T, h House, id, pool string, change func(*Record)) {
	t.Helper()
	c, err := h.Claim(id)
	must(t, err)
	must(t, c.Set(func(r *Record) { r.Pool, r.Phase = pool, Ready; change(r) }))
	must(t, c.Release())
}

func TestPoolHasAName(t *testing.T) {
	h := house(t)
	p := newPool(t, h)
	if err := h.NewPool(p); !errors.Is(err, ErrPoolExists) {
		t.Errorf("a second one: %v", err)
	}
	got, err := h.Pool("a")
	must(t, err)
	p.Open = true
	if diff := cmp.Diff(p, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
		t.Error(diff)
	}
	must(t, h.ClosePool(p))
	if _, err := h.Pool("a"); !errors.Is(err, ErrPoolUnknown) {
		t.Errorf("of a closed one: %v", err)
	}
	if all, err := h.Pools(); err != nil || len(all) > 0 {
		t.Errorf("listed: %v, %v", all, err)
	}
	must(t, h.NewPool(p)) // over what a killed `pool rm` leaves
}

// A pool that could not hold its captures is none, and one that a killed
// process has begun can be begun again, or removed.
func TestPoolThatIsNotOpen(t *testing.T) {
	h := house(t)
	s := captures.Store{Dir: h.Store}
	must(t, os.MkdirAll(filepath.Join(s.Folder(checkpointID), "volume-0"), 0o700))
	must(t, os.WriteFile(filepath.Join(s.Folder(checkpointID), "holds"), nil, 0o600)) // where a folder should be
	p := Pool{Name: "a", Namespace: h.Namespace, Checkpoint: checkpointID}
	if err := h.NewPool(p); err == nil {
		t.Error("it is there without its captures")
	}
	must(t, os.Remove(filepath.Join(s.Folder(checkpointID), "holds")))
	must(t, h.writePool(p))
	if _, err := h.Pool("a"); !errors.Is(err, ErrPoolUnknown) {
		t.Errorf("taken from: %v", err)
	}
	if left, err := h.AnyPool("a"); err != nil || left.Checkpoint != checkpointID {
		t.Errorf("%+v, %v", left, err)
	}
	must(t, h.NewPool(p))
	if _, err := h.Pool("a"); err != nil {
		t.Error(err)
	}
}

func TestPoolIsFilledByOne(t *testing.T) {
	h := house(t)
	newPool(t, h)
	unlock, err := h.LockPool("a")
	must(t, err)
	if _, err := h.LockPool("a"); !errors.Is(err, ErrPoolBusy) {
		t.Errorf("a second one: %v", err)
	}
	must(t, unlock())
	again, err := h.LockPool("a")
	must(t, err)
	must(t, h.RemovePool("a"))
	must(t, again())
	if _, err := h.LockPool("a"); !errors.Is(err, ErrPoolUnknown) {
		t.Errorf("of a pool that is gone: %v", err)
	}
}

func TestStock(t *testing.T) {
	h := house(t)
	newPool(t, h)
	member(t, h, "stock", "a", func(*Record) {})
	member(t, h, "taken", "a", func(r *Record) { r.Taken = true })
	member(t, h, "half", "a", func(r *Record) { r.Phase = Making })
	member(t, h, "other", "b", func(*Record) {})
	member(t, h, "none", "", func(*Record) {})
	stock, err := h.Stock("a")
	if err != nil || len(stock) != 1 || stock[0].ID != "stock" {
		t.Errorf("%v, %v", stock, err)
	}
}

func TestPoolHoldsItsCaptures(t *testing.T) {
	h := house(t)
	s := captures.Store{Dir: h.Store}
	const id = checkpointID
	must(t, os.MkdirAll(filepath.Join(s.Folder(id), "volume-0"), 0o700))
	p := newPool(t, h)
	found, err := s.Get(id)
	if err != nil || len(found.Holds) != 1 || found.Holds[0].By != "pool/n/a" {
		t.Errorf("%+v, %v", found, err)
	}
	must(t, h.ClosePool(p))
	if found, err := s.Get(id); err != nil || len(found.Holds) > 0 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestTroubleIsKept(t *testing.T) {
	h := house(t)
	newPool(t, h)
	must(t, h.SetTrouble("a", errors.New("no room")))
	if text, err := h.Trouble("a"); err != nil || text != "no room\n" {
		t.Errorf("%q, %v", text, err)
	}
	must(t, h.SetTrouble("a", nil))
	if text, err := h.Trouble("a"); err != nil || text != "" {
		t.Errorf("%q, %v", text, err)
	}
}
