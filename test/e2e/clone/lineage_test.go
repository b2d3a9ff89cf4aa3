package clone

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/internal/veth"
	"github.com/lull-containers/lull/internal/wall"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// A database with a live replica and an archive: it is neither cloned nor
// rolled back without leave, and with it not one byte reaches either.
func TestLineage(t *testing.T) {
	d := harness.Start(t, harness.Options{})
	p := newPair(t, d)
	ref := checkpoint(t, p.primary)
	p.settle(t)
	refusedWithTies(t, d, "clone", ref, "never")
	d.NoClones(t)
	p.isolatedClone(t, d, ref)
	p.isolatedRollback(t, d, ref)
}

func refusedWithTies(t *testing.T, d *harness.Daemon, args ...string) {
	t.Helper()
	o := d.TryLull(t, args...)
	if o.Code != 16 || !strings.Contains(o.Stderr, "replica follower") || !strings.Contains(o.Stderr, "archive") || !strings.Contains(o.Stderr, "--isolate") {
		t.Errorf("not refused with exit code 16 and what stands on it: %s", o)
	}
}

// pair is a primary with an archive folder on the host and a streaming replica,
// on two ends of a cable.
type pair struct {
	primary, replica *harness.Postgres
	net              string // the primary's network namespace
	archive          string
}

func newPair(t *testing.T, d *harness.Daemon) *pair {
	t.Helper()
	cable := veth.Cable{Net: netip.MustParsePrefix("198.51.100.0/24"), Number: 1}
	p := &pair{net: namespace(t), archive: d.Volume(t)}
	far := namespace(t)
	must(t, netns.Do(p.net, func() error { return cable.Lay(far, false) }))
	must(t, os.Chown(p.archive, 999, 999))
	o := harness.PostgresOptions{}
	o.NetNS, o.Mounts = p.net, map[string]string{"/archive": p.archive}
	o.Args = []string{"docker-entrypoint.sh", "postgres", "-c", "archive_mode=on", "-c", "archive_command=cp %p /archive/%f", "-c", "wal_level=replica"}
	p.primary = d.Postgres(t, o)
	p.primary.Inside = ledger.InNetNS(p.net)
	volume := p.baseBackup(t, d, cable)
	p.replica = d.Postgres(t, harness.PostgresOptions{Volume: volume, ContainerOptions: harness.ContainerOptions{NetNS: far}})
	p.replica.Inside = ledger.InNetNS(far)
	harness.Eventually(t, "the replica follows", func() bool {
		return p.primary.Query(t, "SELECT count(*)::text FROM pg_stat_replication WHERE state = 'streaming'") == "1"
	})
	return p
}

func namespace(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "net")
	must(t, netns.Create(path))
	t.Cleanup(func() { must(t, netns.Remove(path)) })
	return path
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// baseBackup copies the running primary's files as a replica's.
func (p *pair) baseBackup(t *testing.T, d *harness.Daemon, cable veth.Cable) (volume string) {
	t.Helper()
	volume = d.Volume(t)
	appendTo(t, filepath.Join(p.primary.Volume, "pg_hba.conf"), "\nhost replication all all scram-sha-256\n")
	p.primary.Exec(t, "SELECT pg_reload_conf()")
	conn, err := p.primary.Connect(t.Context())
	must(t, err)
	defer conn.Close(t.Context())
	var label string
	_, err = conn.Exec(t.Context(), "SELECT pg_backup_start('replica', true)")
	must(t, err)
	if out, err := exec.Command("cp", "-a", p.primary.Volume+"/.", volume).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	must(t, conn.QueryRow(t.Context(), "SELECT labelfile FROM pg_backup_stop(false)", pgx.QueryExecModeSimpleProtocol).Scan(&label))
	must(t, os.Remove(filepath.Join(volume, "postmaster.pid")))
	must(t, os.Chmod(volume, 0o700))
	must(t, os.Chown(volume, 999, 999))
	appendTo(t, filepath.Join(volume, "backup_label"), label)
	appendTo(t, filepath.Join(volume, "standby.signal"), "")
	appendTo(t, filepath.Join(volume, "postgresql.auto.conf"), fmt.Sprintf(
		"\nprimary_conninfo = 'host=%s user=postgres password=%s application_name=follower'\n", cable.Near(), harness.Canary))
	return volume
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	must(t, err)
	_, err = f.WriteString(text)
	must(t, err)
	must(t, f.Chown(999, 999))
	must(t, f.Close())
}

// settle has everything that the primary has written arrive on the replica and
// in the archive, so that both stand still.
func (p *pair) settle(t *testing.T) {
	t.Helper()
	p.primary.Exec(t, "CREATE TABLE after_the_cut AS SELECT 1 AS n")
	p.primary.Exec(t, "SELECT pg_switch_wal()")
	p.primary.Exec(t, "CHECKPOINT")
	harness.Eventually(t, "the archiver has caught up", func() bool {
		return p.primary.Query(t, `SELECT (last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 16777216))::text FROM pg_stat_archiver`) == "true"
	})
	harness.Eventually(t, "the replica has caught up", func() bool {
		return p.replica.Query(t, "SELECT to_regclass('after_the_cut')::text") != ""
	})
}

// outside is what must not change: the archive, and what the replica received.
type outside struct {
	archive  harness.Tree
	received string
}

const received = `SELECT pg_last_wal_receive_lsn()::text || ' ' || pg_last_wal_replay_lsn()::text`

func (p *pair) outside(t *testing.T) outside {
	t.Helper()
	return outside{harness.TreeOf(t, p.archive), p.replica.Query(t, received)}
}

func (p *pair) untouched(t *testing.T, was outside) {
	t.Helper()
	was.archive.Same(t, p.archive)
	if now := p.replica.Query(t, received); now != was.received {
		t.Errorf("the replica has received %s, had %s", now, was.received)
	}
	if n := p.replica.Query(t, "SELECT to_regclass('of_the_copy')::text"); n != "" {
		t.Error("the replica has what the copy wrote")
	}
}

// busy has the copy write, and hand WAL to its archiver, which must think that
// it succeeded: else WAL piles up in the copy.
func busy(t *testing.T, copied *harness.Postgres) {
	t.Helper()
	copied.Exec(t, "CREATE TABLE IF NOT EXISTS of_the_copy AS SELECT generate_series(1, 1000) AS n")
	before := copied.Query(t, "SELECT archived_count::text FROM pg_stat_archiver")
	copied.Exec(t, "SELECT pg_switch_wal()")
	harness.Eventually(t, "the copy's archiver works", func() bool {
		return copied.Query(t, "SELECT archived_count::text FROM pg_stat_archiver") != before
	})
}

func (p *pair) isolatedClone(t *testing.T, d *harness.Daemon, ref string) {
	name := harness.Name(t, "k")
	c := d.Clone(t, ref, name, "--isolate")[0]
	was := p.outside(t) // the original stands still
	busy(t, c.Postgres)
	knocksOut(t, filepath.Join(d.LullDir(), "clones", d.Namespace, name), c.Addr.Addr().Prev())
	p.untouched(t, was)
	d.Lull(t, "clone", "rm", name)
	c.NoTraces(t)
	d.NoClones(t)
}

// knocksOut tries to get out of a network namespace, to the host itself and
// elsewhere, and finds that it was counted.
func knocksOut(t *testing.T, ns string, host netip.Addr) {
	t.Helper()
	_, before, err := wall.Refused(ns)
	must(t, err)
	err = netns.Do(ns, func() error {
		c, err := net.DialTimeout("tcp", netip.AddrPortFrom(host, 22).String(), time.Second)
		if err == nil {
			c.Close()
		}
		return err
	})
	_, after, counted := wall.Refused(ns)
	must(t, counted)
	if err == nil || after == before {
		t.Errorf("something went out: %v, %d packets refused, %d before", err, after, before)
	}
}

func (p *pair) isolatedRollback(t *testing.T, d *harness.Daemon, ref string) {
	p.primary.Kill(t)
	p.primary.Remove(t)
	was := p.outside(t)
	files := harness.TreeOf(t, p.primary.Volume)
	refusedWithTies(t, d, "restore", "--rollback", ref)
	files.Same(t, p.primary.Volume)

	d.Lull(t, "restore", "--rollback", "--isolate", ref)
	busy(t, p.primary)
	p.apart(t, was)

	t.Log("killed, and started again without lull's command")
	p.primary.Kill(t)
	d.Ctr(t, "tasks", "delete", p.primary.ID)
	d.Ctr(t, "tasks", "start", "--detach", "--log-uri", "file://"+p.primary.Log, p.primary.ID)
	p.primary.WaitAnswer(t)
	busy(t, p.primary)
	p.apart(t, was)

	t.Log("until somebody says otherwise")
	if o := d.TryLull(t, "rejoin", p.primary.ID); o.Code != 6 {
		t.Errorf("while it runs: %s", o)
	}
	p.primary.Kill(t)
	d.Ctr(t, "tasks", "delete", p.primary.ID)
	d.Lull(t, "rejoin", p.primary.ID)
	if left, _ := filepath.Glob(filepath.Join(d.Data, "captures", "isolated", "*", "*")); len(left) > 0 {
		t.Errorf("left of the isolation: %v", left)
	}
}

// apart sees the replica knock, and nobody let it in.
func (p *pair) apart(t *testing.T, was outside) {
	t.Helper()
	in, _, err := wall.Refused(p.net)
	must(t, err)
	harness.Eventually(t, "the replica has knocked", func() bool {
		now, _, err := wall.Refused(p.net)
		return err == nil && now > in
	})
	if n := p.primary.Query(t, "SELECT count(*)::text FROM pg_stat_replication"); n != "0" {
		t.Errorf("%s replicas are connected", n)
	}
	p.untouched(t, was)
}
