package mysqlproto

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// Plan names the global variables that Flush sets for the time that it takes,
// and puts back. Every lock of ours dies with its connection.
func (s *Session) Plan(ctx context.Context, _ bool, _ time.Duration) ([]manifest.Held, error) {
	return s.plan(ctx)
}

func (s *Session) plan(ctx context.Context) (held []manifest.Held, err error) {
	changes, err := s.engine.Changes(ctx, s)
	for _, c := range changes {
		if !same(c.Prior, c.Ours) {
			held = append(held, manifest.Held{Setting: c.Variable, Prior: c.Prior, Ours: c.Ours, Release: manifest.ByFlush})
		}
	}
	return held, err
}

// Release puts each variable back that still has our value, the last one
// first: some may not be above others.
func (s *Session) Release(ctx context.Context, held []manifest.Held) error {
	for _, h := range slices.Backward(held) {
		if h.Release != manifest.ByFlush && h.Release != manifest.ByStatement { // as older journals have it
			continue
		}
		if !slices.Contains(settable(), h.Setting) || !number(h.Prior) {
			return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: fmt.Sprintf("%q is nothing that lull sets", h.Setting)}
		}
		now, err := s.globals(ctx, []string{h.Setting})
		if err != nil {
			return err
		}
		if !same(now[h.Setting], h.Ours) {
			continue
		}
		if err := s.set(ctx, h.Setting, h.Prior); err != nil {
			return err
		}
	}
	return nil
}

// The variables that make InnoDB write its dirty pages at once.
const (
	capacityMax = "innodb_io_capacity_max"
	capacity    = "innodb_io_capacity"
	dirtyLow    = "innodb_max_dirty_pages_pct_lwm"
	dirty       = "innodb_max_dirty_pages_pct"
)

// settable are all variables that a release may set, in the order of setting.
func settable() []string { return []string{capacityMax, capacity, dirtyLow, dirty} }

// HurryChanges are the changes that make InnoDB write its dirty pages at once.
func (s *Session) HurryChanges(ctx context.Context) ([]Change, error) {
	v, err := s.globals(ctx, settable())
	if err != nil {
		return nil, err
	}
	changes := []Change{
		{capacityMax, v[capacityMax], atLeast(v[capacityMax], 20000)},
		{capacity, v[capacity], atLeast(v[capacity], 10000)},
		{dirtyLow, v[dirtyLow], "0"},
		{dirty, v[dirty], "0"},
	}
	return changes, nil
}

// globals are variables that every server has; SHOW would make a list of all of
// them first.
func (s *Session) globals(ctx context.Context, names []string) (Row, error) {
	asked := make([]string, len(names))
	for i, name := range names {
		asked[i] = "@@GLOBAL." + name + " AS " + name
	}
	return s.Row(ctx, "asking for "+names[0], "SELECT "+strings.Join(asked, ", "))
}

func atLeast(text string, n uint64) string { return strconv.FormatUint(max(Uint(text), n), 10) }

// set takes only a number: it may come from a file.
func (s *Session) set(ctx context.Context, variable, value string) error {
	return s.Exec(ctx, "setting "+variable, "SET GLOBAL "+variable+" = "+value)
}

func number(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}

// same compares numbers: 90 and 90.000000 are the same.
func same(a, b string) bool {
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err == nil && err2 == nil && x == y
}
