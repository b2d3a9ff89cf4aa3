package sql

import (
	"slices"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// Redis and Valkey are cold by their append-only file, or by a dump.
var (
	aof = []string{"--appendonly", "yes", "--save", ""}
	rdb = []string{"--save", "3600", "1000000"}
)

func kinds() []kind {
	return []kind{
		{"postgres", "13", nil}, {"postgres", "15", nil}, {"postgres", "17", nil}, {"postgres", "18", nil},
		{"mysql", "9.7", nil}, {"mariadb", "10.11", nil}, {"mariadb", "11.8", nil},
		{"redis", "7.0", aof}, {"redis", "8.0", rdb}, {"valkey", "8.1", rdb}, {"valkey", "9.1", aof},
	}
}

// each runs a test for every kind; those that are not usual only in a full run.
func each(t *testing.T, usual []string, test func(*testing.T, kind)) {
	for _, k := range kinds() {
		t.Run(k.name(), func(t *testing.T) {
			if !slices.Contains(usual, k.name()) {
				harness.Full(t)
			}
			test(t, k)
		})
	}
}
