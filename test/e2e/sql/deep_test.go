package sql

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lull-containers/lull/deep"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// The database's own programs find nothing in what is whole, and what was
// damaged in the database before it was captured.
func TestDeep(t *testing.T) {
	each(t, nil, func(t *testing.T, k kind) {
		d := harness.Shared(t)
		s := k.run(t, d, options{annotations: patient()})
		s.sampleData(t)
		t.Run("whole", func(t *testing.T) {
			code, found := s.deep(t)
			if code != 0 || !slices.ContainsFunc(found, func(f deep.Finding) bool { return f.Outcome == deep.OK }) {
				t.Errorf("exit code %d: %+v", code, found)
			}
		})
		t.Run("damaged", func(t *testing.T) {
			s.damage(t)
			code, found := s.deep(t)
			const damaged = 20 // docs/EXIT_CODES.md
			if code != damaged || !slices.ContainsFunc(found, func(f deep.Finding) bool { return f.Outcome == deep.Failed }) {
				t.Errorf("exit code %d: %+v", code, found)
			}
		})
		s.Remove(t)
		s.NoTraces(t)
	})
}

// deep takes a checkpoint and has it verified.
func (s *server) deep(t *testing.T) (code int, found []deep.Finding) {
	t.Helper()
	ref := harness.Name(t, "cp") + ":latest"
	s.image(t, ref, true)
	m := s.Daemon.Manifest(t, ref)
	code, found = s.Daemon.VerifyDeep(t, ref)
	s.drop(t, ref, m)
	return code, found
}

// sampleData is some in every kind, on the disk.
func (s *server) sampleData(t *testing.T) {
	t.Helper()
	switch {
	case s.is("postgres"):
		s.query(t, `CREATE TABLE sample AS SELECT n, repeat('x', 200) AS filling FROM generate_series(1, 20000) n`)
		s.query(t, `CREATE INDEX ON sample (n)`)
		s.query(t, `CHECKPOINT`)
	case s.is("redis", "valkey"):
		for _, key := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
			s.query(t, "SET key:"+key+" "+strings.Repeat(key, 100))
		}
	default:
		s.query(t, `CREATE DATABASE sample`)
		s.query(t, `CREATE TABLE sample.sample (n int AUTO_INCREMENT PRIMARY KEY, filling varchar(1000)) ENGINE=InnoDB`)
		s.query(t, `INSERT INTO sample.sample (filling) VALUES (REPEAT('x', 1000))`)
		for range 12 {
			s.query(t, `INSERT INTO sample.sample (filling) SELECT filling FROM sample.sample`)
		}
		s.clean(t)
	}
}

// clean waits until no page of InnoDB's is newer in memory than on the disk.
func (s *server) clean(t *testing.T) {
	t.Helper()
	status := "performance_schema.global_status"
	if s.is("mariadb") {
		status = "information_schema.GLOBAL_STATUS"
	}
	s.query(t, `SET GLOBAL innodb_max_dirty_pages_pct = 0`)
	harness.Eventually(t, "no page is dirty", func() bool {
		return s.query(t, `SELECT VARIABLE_VALUE FROM `+status+` WHERE VARIABLE_NAME = 'Innodb_buffer_pool_pages_dirty'`) == "0"
	})
	s.query(t, `SET GLOBAL innodb_max_dirty_pages_pct = 90`)
}

// damage flips one byte under the server, which does not see it: it has the page
// in its memory, or never reads its log.
func (s *server) damage(t *testing.T) {
	t.Helper()
	switch {
	case s.is("postgres"):
		const page, pdLower = 8192, 13
		flip(t, filepath.Join(s.volume, s.query(t, `SELECT pg_relation_filepath('sample')`)), 20*page+pdLower)
	case s.is("redis", "valkey"):
		s.damageLog(t)
	default:
		const page = 16384
		flip(t, filepath.Join(s.volume, "sample", "sample.ibd"), 100*page+200)
	}
}

// damageLog spoils the beginning of a command.
func (s *server) damageLog(t *testing.T) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(s.volume, "appendonlydir", "*.incr.aof"))
	if err != nil || len(logs) == 0 {
		t.Skipf("no append-only file to damage (and lull's own flush writes a dump anew): %v", err)
	}
	text, err := os.ReadFile(logs[len(logs)-1])
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(text), "*3\r\n$3\r\nSET\r\n$5\r\nkey:d")
	if at < 0 {
		t.Fatalf("no command to spoil in %q", text)
	}
	flip(t, logs[len(logs)-1], int64(at))
}

func flip(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0xff
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}
