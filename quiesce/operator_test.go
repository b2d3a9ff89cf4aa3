package quiesce

import (
	"strings"
	"testing"
)

func TestOperatorOf(t *testing.T) {
	label := func(k string) Evidence { return Evidence{Labels: map[string]string{k: "x"}} }
	note := func(k string) Evidence { return Evidence{Annotations: map[string]string{k: "x"}} }
	env := func(kv ...string) Evidence { return Evidence{Env: kv} }
	args := func(a ...string) Evidence { return Evidence{Args: a} }
	for _, c := range []struct {
		name     string
		evidence Evidence
		programs []string
		want     string
	}{
		{"CloudNativePG's command", args("/controller/manager", "instance", "run"), nil, "CloudNativePG"},
		{"CloudNativePG's annotation", note("cnpg.io/podSpec"), nil, "CloudNativePG"},
		{"Crunchy's label", label("postgres-operator.crunchydata.com/cluster"), nil, "Crunchy's PGO"},
		{"Crunchy's, with Patroni's variables too", Evidence{Labels: map[string]string{"postgres-operator.crunchydata.com/role": "master"},
			Env: []string{"PATRONI_NAME=x"}}, nil, "Crunchy's PGO"},
		{"Spilo's variable", env("SPILO_CONFIGURATION={}", "PATRONI_SCOPE=a"), nil, "Zalando's operator (Spilo)"},
		{"Patroni's variable", env("PATRONI_SCOPE=a"), nil, "Patroni"},
		{"Patroni in the tree", Evidence{}, []string{"sh", "patroni", "postgres"}, "Patroni"},
		{"repmgr in the tree", Evidence{}, []string{"postgres", "repmgrd"}, "repmgr"},
		{"repmgr of Bitnami", env("REPMGR_NODE_NAME=pg-0"), nil, "repmgr"},
		{"Stolon", args("stolon-keeper", "--data-dir", "/x"), nil, "Stolon"},
		{"pg_auto_failover", args("pg_autoctl", "run"), nil, "pg_auto_failover"},
		{"Percona XtraDB", env("PXC_SERVICE=a"), nil, "Percona's operator for XtraDB Cluster"},
		{"InnoDB Cluster", label("mysql.oracle.com/cluster"), nil, "MySQL's operator (InnoDB Cluster)"},
		{"Orchestrator", Evidence{}, []string{"orchestrator"}, "Orchestrator"},
		{"Sentinel of Bitnami", env("REDIS_SENTINEL_ENABLED=yes"), nil, "Redis Sentinel"},
		{"Redis operator", note("databases.spotahome.com/x"), nil, "a Redis operator"},
		{"MongoDB's agent", Evidence{}, []string{"mongod", "mongodb-agent"}, "MongoDB's operator"},

		{"plain PostgreSQL", Evidence{Image: "postgres:17", Args: []string{"docker-entrypoint.sh", "postgres"},
			Env: []string{"PGDATA=/x", "POSTGRES_PASSWORD=REPMGR_x"}}, []string{"postgres"}, ""},
		{"plain MySQL", env("MYSQL_ROOT_PASSWORD=x", "MYSQL_MAJOR=8"), []string{"mysqld"}, ""},
		{"Bitnami alone", env("BITNAMI_APP_NAME=postgresql", "POSTGRESQL_PASSWORD=x"), []string{"postgres"}, ""},
		{"replication of Bitnami, which nobody manages", env("POSTGRESQL_REPLICATION_MODE=master", "REDIS_REPLICATION_MODE=master"), nil, ""},
		{"labels of lull's", label("lull/operator"), nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := OperatorOf(c.evidence, c.programs)
			if got.Name != c.want || ok != (c.want != "") {
				t.Fatalf("got %+v, %v; want %q", got, ok, c.want)
			}
			if ok && (got.By == "" || strings.Contains(got.By, "=")) {
				t.Errorf("told by %q", got.By)
			}
		})
	}
}
