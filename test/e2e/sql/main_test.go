// Package sql has the end-to-end tests of PostgreSQL, MySQL, MariaDB, Redis and
// Valkey that are about the databases themselves: faults, cold starts, native
// AIO, and what others hold.
package sql

import (
	"os"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
