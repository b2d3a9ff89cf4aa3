// Package lulltest gives tests a database with data in it: a clone of a
// checkpoint, by lull's command line.
package lulltest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// DB is a clone. It is the test's alone, and goes with it.
type DB struct {
	Name string `json:"name"`
	Host string `json:"host"`
	Port int    `json:"port"`
	URL  string `json:"url"` // with the password

	// Published is where this host answers for it, HOST:PORT, if Publish was
	// asked for: for containers, which cannot reach its own address.
	Published string `json:"published"`
}

// life is when a clone ends that a killed test run has left.
const life = "30m"

// Publish has the host answer for the clone at a free port of this address.
func Publish(host string) []string { return []string{"--publish", host + ":0"} }

// Clone starts a clone of a checkpoint.
func Clone(t testing.TB, checkpoint string, flags ...string) *DB {
	t.Helper()
	name := fmt.Sprintf("test-%08x", rand.Uint32())
	return start(t, append([]string{"clone", checkpoint, name}, flags...))
}

// Take takes a clone out of a pool, where it has been running already.
func Take(t testing.TB, pool string, flags ...string) *DB {
	t.Helper()
	return start(t, append([]string{"pool", "take", pool}, flags...))
}

func start(t testing.TB, args []string) *DB {
	t.Helper()
	db := answer(t, append(args, "--with-password", "--ttl", life))
	t.Cleanup(func() {
		if _, err := lull(context.Background(), "clone", "rm", db.Name); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Reset puts the database back to the checkpoint. Its URL stays; connections
// that were open end.
func (db *DB) Reset(t testing.TB) {
	t.Helper()
	*db = *answer(t, []string{"reset", db.Name, "--with-password"})
}

// answer is the only clone that lull tells of.
func answer(t testing.TB, args []string) *DB {
	t.Helper()
	out, err := lull(t.Context(), append(args, "--json")...)
	var all []*DB
	if err == nil {
		err = json.Unmarshal(out, &all)
	}
	if err == nil && len(all) != 1 {
		err = fmt.Errorf("%d clones instead of one", len(all))
	}
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

// lull runs the command that $LULL names. Its error is lull's own line, which
// says what to do.
func lull(ctx context.Context, args ...string) ([]byte, error) {
	const most = 2 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	words := append(strings.Fields(cmp.Or(os.Getenv("LULL"), "lull")), args...)
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	return out, nil
}
