package sql

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// recovery is how a server came up, by its own log.
type recovery struct {
	started    bool   // from files that there were, and not newly made
	replayed   uint64 // bytes of the log
	rolledBack string // the line that tells of it
	bound      uint64 // of replayed, that counts as next to nothing
}

func (r recovery) clean() bool { return r.started && r.rolledBack == "" && r.replayed <= r.bound }

// flushed is what counts without a fence: transactions may be open at the cut,
// and what is written between the flush and the freeze comes with whole pages.
func (r recovery) flushed() recovery {
	r.rolledBack, r.bound = "", max(r.bound, 2<<20)
	return r
}

// story is what a product's log says. What is nowhere in the log did not
// happen: a server with nothing to replay does not speak of it.
type story struct {
	started, from, to, rolledBack *regexp.Regexp
	bound                         uint64
}

// InnoDB keeps its checkpoint up to 2 MiB behind, and more is not flushed under
// the fence when it is less than a second's work.
const innodbBound = 8 << 20

func storyOf(k kind) story {
	switch k.product {
	case "postgres":
		return story{
			started:    regexp.MustCompile(`database system was (?:interrupted|shut down)`),
			from:       regexp.MustCompile(`redo starts at ([0-9A-F]+/[0-9A-F]+)`),
			to:         regexp.MustCompile(`redo done at ([0-9A-F]+/[0-9A-F]+)`),
			rolledBack: regexp.MustCompile(`(?m)^.*(?:PANIC|invalid page|could not).*$`),
			bound:      64 << 10,
		}
	case "mysql":
		return story{
			started:    regexp.MustCompile(`holds a database already`),
			from:       regexp.MustCompile(`(?:past the checkpoint lsn|Starting to parse redo log at lsn =?) ?(\d+)`),
			to:         regexp.MustCompile(`scanned up to log sequence number (\d+)`),
			rolledBack: regexp.MustCompile(`(?mi)^.*(?:must be rolled back|rolling back trx|rollback of trx|corrupt).*$`),
			bound:      innodbBound,
		}
	case "mariadb":
		return story{
			started:    regexp.MustCompile(`holds a database already`),
			from:       regexp.MustCompile(`crash recovery from checkpoint LSN=(\d+)`),
			to:         regexp.MustCompile(`End of log at LSN=(\d+)`),
			rolledBack: regexp.MustCompile(`(?mi)^.*(?:must be rolled back|rolled back recovered|rolling back|corrupt).*$`),
			bound:      innodbBound,
		}
	}
	never := regexp.MustCompile(`\bnever said\b`)
	return story{
		started: regexp.MustCompile(`DB loaded from`), from: never, to: never,
		rolledBack: regexp.MustCompile(`(?mi)^.*(?:truncat|unexpected end|bad file format|corrupt|short read).*$`),
	}
}

func recoveryOf(k kind, log string) recovery {
	s := storyOf(k)
	r := recovery{started: s.started.MatchString(log), rolledBack: s.rolledBack.FindString(log), bound: s.bound}
	from, to := positions(s.from, log), positions(s.to, log)
	if len(from) > 0 && len(to) > 0 {
		r.replayed = to[len(to)-1] - from[0]
	}
	return r
}

// positions are decimal, or PostgreSQL's two hexadecimal halves.
func positions(where *regexp.Regexp, log string) (all []uint64) {
	for _, m := range where.FindAllStringSubmatch(log, -1) {
		high, low, halves := strings.Cut(m[1], "/")
		if !halves {
			n, _ := strconv.ParseUint(m[1], 10, 64) // digits
			all = append(all, n)
			continue
		}
		var h, l uint64
		if _, err := fmt.Sscanf(high+" "+low, "%x %x", &h, &l); err == nil {
			all = append(all, h<<32|l)
		}
	}
	return all
}

// Logs as the servers write them.
func TestRecoveryOf(t *testing.T) {
	for name, tt := range map[string]struct {
		kind
		log      string
		clean    bool
		replayed uint64
	}{
		"postgres":              {kind{product: "postgres"}, "LOG:  database system was interrupted; last known up\nLOG:  redo starts at 1/2A3B4C0\nLOG:  invalid record length at 1/2A3B4F8\nLOG:  redo done at 1/2A3B4F8 system usage\n", true, 56},
		"postgres with much":    {kind{product: "postgres"}, "LOG:  database system was interrupted\nLOG:  redo starts at 0/10000000\nLOG:  redo done at 1/10000000\n", false, 1 << 32},
		"a new one":             {kind{product: "mysql"}, "entrypoint: initialising /var/lib/mysql\n", false, 0},
		"mysql":                 {kind{product: "mysql"}, "holds a database already\n[InnoDB] Log scan progressed past the checkpoint lsn 1000\n[InnoDB] Doing recovery: scanned up to log sequence number 5000\n", true, 4000},
		"mysql that rolls back": {kind{product: "mysql"}, "holds a database already\n[InnoDB] 1 transaction(s) which must be rolled back or cleaned up\n", false, 0},
		"mariadb":               {kind{product: "mariadb"}, "holds a database already\nInnoDB: Starting crash recovery from checkpoint LSN=60000\nInnoDB: End of log at LSN=60016\n", true, 16},
		"mariadb without":       {kind{product: "mariadb"}, "holds a database already\nInnoDB: log sequence number 60016; transaction id 14\n", true, 0},
		"redis":                 {kind{product: "redis"}, "DB loaded from append only file: 0.001 seconds\n", true, 0},
		"redis, truncated":      {kind{product: "redis"}, "!!! Warning: short read while loading the AOF file\nDB loaded from append only file\n", false, 0},
	} {
		if r := recoveryOf(tt.kind, tt.log); r.clean() != tt.clean || r.replayed != tt.replayed {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
