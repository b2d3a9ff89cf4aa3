package quiesce

// The engines that a label can name.
const (
	Postgres = "postgres"
	MySQL    = "mysql"
	MariaDB  = "mariadb"
	Redis    = "redis"
	Valkey   = "valkey"
	MongoDB  = "mongodb"
	Exec     = "exec" // anything else, by commands of the user's
	None     = "none" // lull keeps out
)

// Engines lists the names of all engines, None excepted.
func Engines() []string {
	return []string{Postgres, MySQL, MariaDB, Redis, Valkey, MongoDB, Exec}
}

// repositories maps the last one or two path elements of an image's
// repository to the engine that such an image runs.
func repositories() map[string]string {
	return map[string]string{
		"postgres":                        Postgres,
		"postgresql":                      Postgres,
		"postgis":                         Postgres,
		"timescaledb":                     Postgres,
		"timescaledb-ha":                  Postgres,
		"pgvector":                        Postgres,
		"citus":                           Postgres,
		"paradedb":                        Postgres,
		"postgres-documentdb":             Postgres,
		"postgresql-repmgr":               Postgres,
		"percona-distribution-postgresql": Postgres,
		"apache/age":                      Postgres,
		"mysql":                           MySQL,
		"mysql-server":                    MySQL,
		"mysql/community-server":          MySQL,
		"mysql/enterprise-server":         MySQL,
		"percona":                         MySQL,
		"percona-server":                  MySQL,
		"percona-xtradb-cluster":          MySQL,
		"mariadb":                         MariaDB,
		"mariadb-galera":                  MariaDB,
		"mariadb/server":                  MariaDB,
		"redis":                           Redis,
		"redis-stack":                     Redis,
		"redis-stack-server":              Redis,
		"redis-cluster":                   Redis,
		"valkey":                          Valkey,
		"valkey-bundle":                   Valkey,
		"valkey-cluster":                  Valkey,
		"mongo":                           MongoDB,
		"mongodb":                         MongoDB,
		"mongodb-community-server":        MongoDB,
		"mongodb-enterprise-server":       MongoDB,
		"percona-server-mongodb":          MongoDB,
	}
}

// servers maps a program's name to the engine that it is.
func servers() map[string]string {
	return map[string]string{
		"postgres":      Postgres,
		"postmaster":    Postgres,
		"mysqld":        MySQL,
		"mysqld_safe":   MySQL,
		"mariadbd":      MariaDB,
		"mariadbd-safe": MariaDB,
		"redis-server":  Redis,
		"valkey-server": Valkey,
		"mongod":        MongoDB,
	}
}

// trace is what an engine's own image leaves in the environment of what runs
// in it: the variables must all be there.
type trace struct {
	engine    string
	variables []string
}

// traces lists variables that images make and applications do not: those that
// name a user or a password are not among them.
func traces() []trace {
	return []trace{
		{Postgres, []string{"PG_MAJOR", "PGDATA"}},
		{MariaDB, []string{"MARIADB_VERSION", "GOSU_VERSION"}},
		{MySQL, []string{"MYSQL_MAJOR", "MYSQL_VERSION"}},
		{Valkey, []string{"VALKEY_DOWNLOAD_URL", "VALKEY_DOWNLOAD_SHA"}},
		{Redis, []string{"REDIS_DOWNLOAD_URL", "REDIS_DOWNLOAD_SHA"}},
		{MongoDB, []string{"MONGO_MAJOR", "MONGO_PACKAGE"}},
	}
}

// bitnami maps the values of BITNAMI_APP_NAME.
func bitnami() map[string]string {
	return map[string]string{
		"postgresql": Postgres, "mysql": MySQL, "mariadb": MariaDB,
		"redis": Redis, "valkey": Valkey, "mongodb": MongoDB,
	}
}
