package lab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// A Part is one thing that the lab is made of.
//
// Everything that decides what comes out of Make is in Version, Recipe and the
// parts that it needs; together they make the key under which it is cached.
type Part struct {
	Name    string
	Version string
	Needs   []string
	Recipe  any
	Make    func(context.Context, *Bench) error
	Aside   bool // Open does without it, and its programs are not on PATH: see Lab.Aside
}

// stamp is written into every finished part. A folder without it is not built.
type stamp struct {
	Name    string        `json:"name"`
	Version string        `json:"version"`
	Key     string        `json:"key"`
	Bytes   int64         `json:"bytes"`
	Took    time.Duration `json:"took"`
	Built   time.Time     `json:"built"`
	Found   string        `json:"found,omitempty"` // the version that came out, where the recipe does not fix it
}

const stampFile = "part.json"

// keyed is a part with its cache key worked out.
type keyed struct {
	Part
	Key string
}

func (k keyed) dir(l Layout) string { return filepath.Join(l.Cache, k.Key) }

func (k keyed) built(l Layout) bool {
	s, err := readStamp(k.dir(l))
	return err == nil && s.Key == k.Key
}

func readStamp(part string) (stamp, error) {
	var s stamp
	b, err := os.ReadFile(filepath.Join(part, stampFile))
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("%s: %w", part, err)
	}
	return s, nil
}

// keys orders parts so that each comes after what it needs, and gives each its
// key.
func keys(parts []Part) ([]keyed, error) {
	byName := map[string]Part{}
	for _, p := range parts {
		if _, twice := byName[p.Name]; twice {
			return nil, fmt.Errorf("part %s is listed twice", p.Name)
		}
		byName[p.Name] = p
	}
	o := &ordering{byName: byName, key: map[string]string{}, open: map[string]bool{}}
	for _, p := range parts {
		if err := o.visit(p.Name); err != nil {
			return nil, err
		}
	}
	return o.out, nil
}

type ordering struct {
	byName map[string]Part
	key    map[string]string
	open   map[string]bool // being visited: meeting one again is a cycle
	out    []keyed
}

func (o *ordering) visit(name string) error {
	if o.key[name] != "" {
		return nil
	}
	p, ok := o.byName[name]
	if !ok {
		return &UnknownPartError{Name: name}
	}
	if o.open[name] {
		return fmt.Errorf("part %s needs itself", name)
	}
	o.open[name] = true
	for _, n := range p.Needs {
		if err := o.visit(n); err != nil {
			return fmt.Errorf("part %s: %w", name, err)
		}
	}
	key, err := o.keyOf(p)
	if err != nil {
		return err
	}
	o.key[name] = key
	o.out = append(o.out, keyed{p, key})
	return nil
}

func (o *ordering) keyOf(p Part) (string, error) {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(p.Recipe); err != nil {
		return "", fmt.Errorf("part %s: recipe: %w", p.Name, err)
	}
	fmt.Fprintln(h, runtime.GOARCH)
	for _, n := range p.Needs {
		fmt.Fprintln(h, o.key[n])
	}
	sum := hex.EncodeToString(h.Sum(nil))[:12]
	return p.Name + "-" + p.Version + "-" + sum, nil
}

// choose returns the named parts and all that they need, in order; every part
// when no name is given.
func choose(all []keyed, names []string) ([]keyed, error) {
	if len(names) == 0 {
		return all, nil
	}
	want := map[string]bool{}
	for _, n := range names {
		want[n] = true
	}
	// A part comes after what it needs, so one pass from the end is enough.
	for i := len(all) - 1; i >= 0; i-- {
		if want[all[i].Name] {
			for _, n := range all[i].Needs {
				want[n] = true
			}
		}
	}
	var out []keyed
	for _, k := range all {
		if want[k.Name] {
			out = append(out, k)
			delete(want, k.Name)
		}
	}
	for n := range want {
		return nil, &UnknownPartError{Name: n}
	}
	return out, nil
}

// UnknownPartError says that no part has the name that was asked for.
type UnknownPartError struct{ Name string }

func (e *UnknownPartError) Error() string {
	return fmt.Sprintf("the lab has no part %q; `lab status` lists them", e.Name)
}

// ErrNotBuilt is what Open and Import wrap when a part is missing.
var ErrNotBuilt = errors.New("not built: run `make lab`")
