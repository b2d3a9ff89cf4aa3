package clone

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/durable"
	"github.com/lull-containers/lull/volume/captures"
)

// The classes of failure of a pool.
var (
	ErrPoolExists  = errors.New("there is a pool of this name")
	ErrPoolUnknown = errors.New("there is no pool of this name")
	ErrPoolBusy    = errors.New("another process fills the pool")
)

// Pool is a stock of clones of one checkpoint that run and that nobody has yet.
// The clones themselves say in their records that they are of it.
type Pool struct {
	Name       string    `json:"name"`
	Namespace  string    `json:"namespace"`
	Ref        string    `json:"image"`
	Checkpoint string    `json:"checkpoint"` // id
	Size       int       `json:"size"`       // how many are to be in stock
	Order      Order     `json:"order"`      // of each of them
	Created    time.Time `json:"created"`
	// Open: nothing is taken of one that is not, or put into it. Its record is
	// there from before the captures are held until they are let go.
	Open bool `json:"open"`
}

const (
	poolName    = "pool.json"
	poolTrouble = "trouble"
)

func (h House) poolsDir() string { return filepath.Join(h.Store, "pools", h.Namespace) }

func (h House) poolDir(name string) string { return filepath.Join(h.poolsDir(), name) }

// InStock tells whether a clone waits in a pool to be taken.
func (r Record) InStock() bool { return r.Pool != "" && !r.Taken && r.Phase == Ready }

// NewPool begins a pool, which is empty, and holds the captures for it.
func (h House) NewPool(p Pool) error {
	if err := os.MkdirAll(h.poolDir(p.Name), 0o711); err != nil {
		return err
	}
	unlock, err := h.LockPool(p.Name)
	if err != nil {
		return err
	}
	return errors.Join(h.newPool(p), unlock())
}

func (h House) newPool(p Pool) error {
	left, err := h.AnyPool(p.Name)
	switch {
	case err == nil && left.Open:
		return fmt.Errorf("%s: %w", p.Name, ErrPoolExists)
	case err == nil: // of a process that was killed
		err = h.ClosePool(left)
	case errors.Is(err, ErrPoolUnknown):
		err = nil
	}
	if err != nil {
		return err
	}
	p.Open = false
	if err := h.writePool(p); err != nil {
		return err
	}
	err = captures.Store{Dir: h.Store}.Hold(p.Checkpoint, h.poolHolder(p.Name))
	if err != nil && !errors.Is(err, captures.ErrNotFound) { // else everything is in the container's own layer
		return errors.Join(err, h.ClosePool(p))
	}
	p.Open = true
	return h.writePool(p)
}

func (h House) writePool(p Pool) error {
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(h.poolDir(p.Name), poolName), append(data, '\n'), 0o600)
}

func (h House) poolHolder(name string) string { return "pool/" + h.Namespace + "/" + name }

// Pool reads one that is open.
func (h House) Pool(name string) (Pool, error) {
	p, err := h.AnyPool(name)
	if err == nil && !p.Open {
		err = fmt.Errorf("%s: %w", name, ErrPoolUnknown)
	}
	return p, err
}

// AnyPool reads one, also what a killed process has left of it.
func (h House) AnyPool(name string) (Pool, error) {
	var p Pool
	data, err := os.ReadFile(filepath.Join(h.poolDir(name), poolName))
	if errors.Is(err, fs.ErrNotExist) {
		return p, fmt.Errorf("%s: %w", name, ErrPoolUnknown)
	}
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	return p, err
}

// Pools gives all, by name.
func (h House) Pools() ([]Pool, error) {
	entries, err := os.ReadDir(h.poolsDir())
	if err != nil {
		return nil, cleanup.IgnoreAbsent(err)
	}
	var all []Pool
	for _, e := range entries {
		p, err := h.Pool(e.Name())
		if errors.Is(err, ErrPoolUnknown) {
			continue // what a killed process left of one
		}
		if err != nil {
			return nil, fmt.Errorf("pool %s: %w", e.Name(), err)
		}
		all = append(all, p)
	}
	return all, nil
}

// Stock are the clones that a pool has to give, by name.
func (h House) Stock(pool string) (stock []Record, err error) {
	all, err := h.List()
	for _, r := range all {
		if r.Pool == pool && r.InStock() {
			stock = append(stock, r)
		}
	}
	return stock, err
}

// ClosePool ends a pool: nobody takes of it or fills it any more.
func (h House) ClosePool(p Pool) error {
	p.Open = false
	if err := h.writePool(p); err != nil {
		return err
	}
	if err := (captures.Store{Dir: h.Store}).Release(p.Checkpoint, h.poolHolder(p.Name)); err != nil {
		return err
	}
	return cleanup.IgnoreAbsent(os.Remove(filepath.Join(h.poolDir(p.Name), poolName)))
}

// RemovePool takes away what is left of a closed one. The caller has its lock.
func (h House) RemovePool(name string) error { return os.RemoveAll(h.poolDir(name)) }
