package clone

import (
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/internal/wall"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// networkOf: a clone is reached from the host and gets nowhere, unless it was
// asked for.
func networkOf(t *testing.T, d *harness.Daemon, ref string) {
	closed, open := harness.Name(t, "k"), harness.Name(t, "k")
	c := d.Clone(t, ref, closed)[0]
	c.WaitAnswer(t)
	knocksOut(t, netNSOf(d, closed), c.Addr.Addr().Prev())
	c = d.Clone(t, ref, open, "--outbound")[0]
	c.WaitAnswer(t)
	getsOut(t, netNSOf(d, open), c.Addr.Addr().Prev())
	d.Lull(t, "clone", "rm", closed, open)
}

func netNSOf(d *harness.Daemon, name string) string {
	return filepath.Join(d.LullDir(), "clones", d.Namespace, name)
}

// getsOut opens a connection to the host from a network namespace.
func getsOut(t *testing.T, ns string, host netip.Addr) {
	t.Helper()
	l, err := net.Listen("tcp", netip.AddrPortFrom(host, 0).String())
	must(t, err)
	defer l.Close()
	must(t, netns.Do(ns, func() error {
		c, err := net.DialTimeout("tcp", l.Addr().String(), 30*time.Second)
		if err != nil {
			return err
		}
		return c.Close()
	}))
	if _, out, err := wall.Refused(ns); err != nil || out > 0 {
		t.Errorf("%d packets were refused, %v", out, err)
	}
}

// variables are evaluated by a shell; a password is in them only if it was
// asked for.
func variables(t *testing.T, d *harness.Daemon, ref string) {
	name := harness.Name(t, "k")
	c := d.Clone(t, ref, name)[0]
	if c.Engine != "postgres" || c.Image != ref || c.VerifiedMillis <= 0 || strings.Contains(c.URL, harness.Canary) {
		t.Errorf("%+v", c.Cloned)
	}
	variable := strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	for _, flags := range [][]string{nil, {"--with-password"}} {
		told := d.Lull(t, append([]string{"reset", "--env", name}, flags...)...)
		script := told + "\necho \"$" + variable + "_URL $" + variable + "_HOST $" + variable + "_PORT\""
		out, err := exec.Command("sh", "-c", script).Output()
		must(t, err)
		url, rest, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
		if !strings.Contains(url, c.Addr.String()) || rest != c.Host+" 5432" || strings.Contains(url, harness.Canary) != (flags != nil) {
			t.Errorf("%q: %s %s", flags, url, rest)
		}
	}
	d.Lull(t, "clone", "rm", name)
}
