package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/clone"
)

// Clone is a clone of a PostgreSQL, reached from the host.
type Clone struct {
	*Postgres
	Cloned
}

// Cloned is what lull says of a clone.
type Cloned struct {
	Name           string
	Image          string
	Engine         string
	Host           string
	Port           uint16
	URL            string
	Published      string
	Expires        time.Time
	VerifiedMillis float64 `json:"verified_ms"`
	TakenMillis    float64 `json:"taken_ms"`
	Pid            int
}

// Clone makes clones with lull, all at once, and removes at the end what is
// left of them. Flags may stand among the names.
func (d *Daemon) Clone(t testing.TB, ref string, args ...string) []*Clone {
	t.Helper()
	for _, name := range args {
		if !strings.HasPrefix(name, "-") {
			d.forgetClone(t, name)
		}
	}
	return d.clones(t, append([]string{"clone", "--json", ref}, args...))
}

// Reset puts a clone back.
func (d *Daemon) Reset(t testing.TB, id string) *Clone {
	t.Helper()
	return d.clones(t, []string{"reset", "--json", id})[0]
}

func (d *Daemon) clones(t testing.TB, args []string) (all []*Clone) {
	t.Helper()
	var told []Cloned
	if err := json.Unmarshal([]byte(d.Lull(t, args...)), &told); err != nil {
		t.Fatal(err)
	}
	for _, c := range told {
		all = append(all, d.asClone(t, c))
	}
	return all
}

func (d *Daemon) asClone(t testing.TB, c Cloned) *Clone {
	t.Helper()
	host, err := netip.ParseAddr(c.Host)
	if err != nil {
		t.Fatal(err)
	}
	pg := (&Container{ID: c.Name, Daemon: d, Log: d.cloneLog(c.Name)}).AsPostgres()
	pg.Addr, pg.Inside = netip.AddrPortFrom(host, c.Port), nil
	return &Clone{pg, c}
}

func (d *Daemon) cloneLog(name string) string {
	return filepath.Join(d.Data, "captures", "logs", d.Namespace, name+".log")
}

// forgetClone removes a clone at the test's end, if it is there.
func (d *Daemon) forgetClone(t testing.TB, name string) {
	c := &Container{ID: name, Daemon: d, Log: d.cloneLog(name)}
	t.Cleanup(func() {
		if !d.Alive() {
			return
		}
		if _, err := os.Stat(d.CloneDir(name)); err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
		defer cancel()
		if out, err := d.LullCommand(ctx, "clone", "rm", name).CombinedOutput(); err != nil {
			t.Errorf("left behind: clone %s: %v: %s", name, err, out)
		}
	})
	c.logsOnFailure(t)
}

// CloneDir is the folder that lull keeps of a clone.
func (d *Daemon) CloneDir(name string) string {
	return filepath.Join(d.Data, "captures", "clones", d.Namespace, name)
}

// CloneAddress is where a clone will answer, as soon as it has an address.
func (d *Daemon) CloneAddress(name string) (at netip.AddrPort, ok bool) {
	house := clone.House{Store: filepath.Join(d.Data, "captures"), Namespace: d.Namespace}
	r, err := house.Read(name)
	return netip.AddrPortFrom(r.Address, r.Port), err == nil && r.Address.IsValid()
}

// CloneMemory are the folders that clones of one checkpoint share.
func (d *Daemon) CloneMemory() []string {
	all, _ := filepath.Glob(filepath.Join(d.Data, "captures", "memory", "*"))
	return all
}

// NoClones fails the test when anything is left of any clone: folders, memory,
// network namespaces, mounts.
func (d *Daemon) NoClones(t testing.TB) {
	t.Helper()
	for _, pattern := range []string{d.CloneDir("*"), filepath.Join(d.Data, "captures", "memory", "*"),
		filepath.Join(d.Data, "captures", "known", "*"), filepath.Join(d.LullDir(), "clones", "*", "*")} {
		left, _ := filepath.Glob(pattern)
		for _, path := range left {
			if strings.HasPrefix(filepath.Base(path), ".") {
				continue // a lock
			}
			t.Errorf("left of a clone: %s", path)
		}
	}
	table, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(table)) {
		if strings.Contains(line, filepath.Join(d.Data, "captures", "clones")) {
			t.Errorf("left of a clone: mount %s", line)
		}
	}
}

// NoCable fails the test when a clone's interface is left on the host.
func (c *Clone) NoCable(t testing.TB) {
	t.Helper()
	near := netip.MustParseAddr(c.Host).Prev()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if strings.HasPrefix(a.String(), fmt.Sprintf("%s/", near)) {
			t.Errorf("left of clone %s: an interface with %s", c.ID, a)
		}
	}
}
