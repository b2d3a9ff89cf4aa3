package harness

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// ForgetPool removes a pool at the test's end, if it is there.
func (d *Daemon) ForgetPool(t testing.TB, name string) {
	t.Cleanup(func() {
		if _, err := os.Stat(filepath.Join(d.Data, "captures", "pools", d.Namespace, name, "pool.json")); err != nil || !d.Alive() {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
		defer cancel()
		if out, err := d.LullCommand(ctx, "pool", "rm", name).CombinedOutput(); err != nil {
			t.Errorf("left behind: pool %s: %v: %s", name, err, out)
		}
	})
}

// Take takes a clone out of a pool, and removes it at the end if it is left.
func (d *Daemon) Take(t testing.TB, pool string, flags ...string) *Clone {
	t.Helper()
	c := d.clones(t, append([]string{"pool", "take", "--json", pool}, flags...))[0]
	d.forgetClone(t, c.ID)
	return c
}

// NoPools fails the test when anything is left of a pool.
func (d *Daemon) NoPools(t testing.TB) {
	t.Helper()
	left, _ := filepath.Glob(filepath.Join(d.Data, "captures", "pools", d.Namespace, "*"))
	for _, path := range left {
		t.Errorf("left of a pool: %s", path)
	}
}

// At is the same server, asked at another address of the host's.
func (p *Postgres) At(address netip.AddrPort) *Postgres {
	other := *p
	other.Addr, other.Inside = address, nil
	return &other
}

// TryQuery is Query for what may fail.
func (p *Postgres) TryQuery(t testing.TB, sql string) (string, error) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return p.query(ctx, sql)
}
