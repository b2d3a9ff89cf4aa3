package quiesce

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"
)

// Operator is a program that watches a database and acts when it stands still:
// a failover, a restart, a rebuilt replica.
type Operator struct {
	Name string // Patroni, CloudNativePG …
	By   string // what told, for people; no secret
}

// OperatorOf tells whether an operator manages a container's database, by the
// programs that run in it (base names), its environment, its labels and its
// annotations. It knows hints only: an operator that shows nothing of itself in
// the container is not found.
func OperatorOf(e Evidence, programs []string) (Operator, bool) {
	env := environment(e.Env)
	for _, o := range operators() {
		if by := o.shown(e, env, programs); by != "" {
			return Operator{Name: o.name, By: by}, true
		}
	}
	return Operator{}, false
}

// operator is what one shows of itself. A name that ends in * is the beginning
// of one.
type operator struct {
	name      string
	programs  []string
	variables []string
	labels    []string // of labels and annotations
}

func (o operator) shown(e Evidence, env map[string]string, programs []string) string {
	programs = slices.Clone(programs)
	for _, a := range e.Args {
		programs = append(programs, a, path.Base(a))
	}
	return cmp.Or(
		first("program ", o.programs, programs),
		first("variable ", o.variables, slices.Sorted(maps.Keys(env))),
		first("label ", o.labels, slices.Sorted(maps.Keys(e.Labels))),
		first("annotation ", o.labels, slices.Sorted(maps.Keys(e.Annotations))),
	)
}

// first is the first of names that one of the patterns means.
func first(kind string, patterns, names []string) string {
	for _, name := range names {
		for _, p := range patterns {
			begin, open := strings.CutSuffix(p, "*")
			if name == p || open && strings.HasPrefix(name, begin) {
				return kind + name
			}
		}
	}
	return ""
}

// operators lists those that are known; one that is built on another comes
// before it.
func operators() []operator {
	return []operator{
		{"CloudNativePG", []string{"/controller/manager"}, []string{"CNPG_*"}, []string{"cnpg.io/*"}},
		{"Crunchy's PGO", nil, []string{"PGO_*"}, []string{"postgres-operator.crunchydata.com/*"}},
		{"Percona's operator for PostgreSQL", nil, nil, []string{"pgv2.percona.com/*"}},
		{"Zalando's operator (Spilo)", []string{"spilo*"}, []string{"SPILO_*"}, []string{"acid.zalan.do/*", "spilo-*"}},
		{"Patroni", []string{"patroni", "patroni.py"}, []string{"PATRONI_*"}, []string{"patroni*"}},
		{"Stolon", []string{"stolon-keeper", "stolon-sentinel"}, []string{"STKEEPER_*"}, []string{"stolon-*"}},
		{"repmgr", []string{"repmgrd", "repmgr"}, []string{"REPMGR_*"}, nil},
		{"pg_auto_failover", []string{"pg_autoctl"}, []string{"PG_AUTOCTL_*"}, nil},
		{"Percona's operator for XtraDB Cluster", []string{"pxc-entrypoint.sh"}, []string{"PXC_SERVICE", "PXC_*"}, []string{"pxc.percona.com/*"}},
		{"Percona's operator for MySQL", nil, nil, []string{"ps.percona.com/*"}},
		{"MySQL's operator (InnoDB Cluster)", []string{"mysqloperator"}, []string{"MYSQL_OPERATOR_*"}, []string{"mysql.oracle.com/*"}},
		{"Orchestrator", []string{"orchestrator"}, []string{"ORCHESTRATOR_*", "ORC_*"}, []string{"mysql.presslabs.org/*", "moco.cybozu.com/*"}},
		{"MariaDB's operator", []string{"mariadb-operator"}, []string{"MARIADB_OPERATOR_*"}, []string{"k8s.mariadb.com/*"}},
		{"Redis Sentinel", []string{"redis-sentinel", "valkey-sentinel"},
			[]string{"REDIS_SENTINEL_*", "REDIS_MASTER_SET", "VALKEY_SENTINEL_*", "VALKEY_PRIMARY_SET"}, nil},
		{"a Redis operator", nil, []string{"REDIS_CLUSTER_*", "VALKEY_CLUSTER_*"},
			[]string{"databases.spotahome.com/*", "redis.opstreelabs.in/*", "redisfailovers*"}},
		{"MongoDB's operator", []string{"mongodb-agent", "mongodb-mms-automation-agent", "automation-agent"},
			[]string{"AGENT_STATUS_FILEPATH", "AUTOMATION_CONFIG_MAP", "MMS_*"}, []string{"mongodb.com/*", "mongodbcommunity*"}},
		{"Percona's operator for MongoDB", nil, []string{"PSMDB_*"}, []string{"psmdb.percona.com/*"}},
	}
}
