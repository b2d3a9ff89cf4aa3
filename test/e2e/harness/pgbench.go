package harness

import "testing"

// pgbenchWhole is true unless a transaction of pgbench's is torn.
const pgbenchWhole = `SELECT ((SELECT sum(abalance) FROM pgbench_accounts) = h AND (SELECT sum(tbalance) FROM pgbench_tellers) = h
	AND (SELECT sum(bbalance) FROM pgbench_branches) = h)::text FROM (SELECT coalesce(sum(delta), 0) h FROM pgbench_history) s`

// CheckPgbench fails the test when a transaction of pgbench's is there in
// part. Its load may run.
func (p *Postgres) CheckPgbench(t testing.TB) {
	t.Helper()
	if whole := p.Query(t, pgbenchWhole); whole != "true" {
		t.Error("pgbench's balances and its history differ")
	}
}
