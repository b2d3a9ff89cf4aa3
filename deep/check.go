package deep

import (
	_ "embed"
	"errors"
	"fmt"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// Outcome of a check.
type Outcome string

// The outcomes.
const (
	OK      Outcome = "ok"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped" // it does not apply; Detail says why
)

// Finding is what one check found.
type Finding struct {
	Check   string  `json:"check"`
	Outcome Outcome `json:"outcome"`
	Detail  string  `json:"detail,omitempty"` // what was looked at, or what is wrong, one line
}

// ErrDamaged says that a check failed.
var ErrDamaged = errors.New("the captured files are damaged")

// ErrNoChecks says that there is nothing to check them with.
var ErrNoChecks = errors.New("there are no deep checks for this engine")

// check is one step of an engine's script.
type check struct {
	name string // for people: the program
	step string // of the script
	// base: without it the later ones make no sense.
	base bool
}

// plan is how an engine's files are checked.
type plan struct {
	script string
	checks []check
}

//go:embed checks/postgres.sh
var postgresScript string

//go:embed checks/mysql.sh
var mysqlScript string

//go:embed checks/redis.sh
var redisScript string

//go:embed checks/mongodb.sh
var mongodbScript string

func planOf(engine string) (plan, error) {
	switch engine {
	case quiesce.Postgres:
		return plan{postgresScript, []check{{"pg_waldump", "wal", false}, {"recovery", "start", true}, {"amcheck", "amcheck", false}, {"pg_checksums", "checksums", false}}}, nil
	case quiesce.MySQL, quiesce.MariaDB:
		return plan{mysqlScript, []check{{"mysqlbinlog", "binlog", false}, {"recovery", "start", true}, {"CHECK TABLE", "tables", false}}}, nil
	case quiesce.Redis, quiesce.Valkey:
		return plan{redisScript, []check{{engine + "-check-aof", "aof", false}, {engine + "-check-rdb", "rdb", false}}}, nil
	case quiesce.MongoDB:
		return plan{mongodbScript, []check{{"recovery", "start", true}, {"validate", "validate", false}}}, nil
	}
	return plan{}, fmt.Errorf("%s: %w", engine, ErrNoChecks)
}

// env is what the scripts are told.
func env(d manifest.Database, folder string, user string) []string {
	return []string{"DATA=" + folder, "LSN=" + d.Position["wal_flush_lsn"], "DATABASE_USER=" + user, "ROLE=" + d.Role}
}
