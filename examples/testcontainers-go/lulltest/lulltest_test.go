package lulltest

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

func checkpoint(t *testing.T) string {
	t.Helper()
	ref := os.Getenv("LULL_CHECKPOINT")
	if ref == "" {
		t.Skip("LULL_CHECKPOINT names no checkpoint of a PostgreSQL: `lull checkpoint shop shop:seeded` makes one")
	}
	return ref
}

// run runs statements on a connection of their own.
func run(t *testing.T, db *DB, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Tests that run at once have a database each.
func TestAtOnce(t *testing.T) {
	ref := checkpoint(t)
	for _, name := range []string{"one", "two"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := Clone(t, ref)
			run(t, db, "CREATE TABLE mine (n int)") // which fails where it is there
		})
	}
}

// Tests that run one after the other share one, which is put back.
func TestOneAfterTheOther(t *testing.T) {
	db := Clone(t, checkpoint(t))
	for _, name := range []string{"one", "two", "three"} {
		t.Run(name, func(t *testing.T) {
			run(t, db, "CREATE TABLE mine (n int)")
			db.Reset(t)
		})
	}
}

// With a pool nobody waits for a start.
func TestPool(t *testing.T) {
	pool := os.Getenv("LULL_POOL")
	if pool == "" {
		t.Skip("LULL_POOL names no pool: `lull pool create shop:seeded tests` makes one")
	}
	run(t, Take(t, pool), "CREATE TABLE mine (n int)")
	run(t, Take(t, pool), "CREATE TABLE mine (n int)")
}
