package quiesce

import (
	"slices"
	"strings"
	"testing"
)

func TestDetect(t *testing.T) {
	pgEnv := []string{"PG_MAJOR=17", "PG_VERSION=17.2-1", "PGDATA=/var/lib/postgresql/data"}
	entry := func(args ...string) []string { return append([]string{"docker-entrypoint.sh"}, args...) }
	for _, c := range []struct {
		name     string
		evidence Evidence
		engine   string // empty: no database
		by       string
	}{
		{"nothing", Evidence{}, "", ""},
		{"label", Evidence{Labels: map[string]string{"lull/engine": "mysql"}, Image: "postgres"}, MySQL, ByLabel},
		{"label none", Evidence{Labels: map[string]string{"lull/engine": "none"}, Image: "postgres"}, None, ByLabel},
		{"annotation", Evidence{Annotations: map[string]string{"lull/engine": "redis"}, Image: "postgres"}, Redis, ByAnnotation},
		{"annotation none", Evidence{Annotations: map[string]string{"lull/engine": "none"}, Image: "postgres"}, None, ByAnnotation},
		{"label before annotation", Evidence{
			Labels:      map[string]string{"lull/engine": "valkey"},
			Annotations: map[string]string{"lull/engine": "redis"},
		}, Valkey, ByLabel},
		{"label before a client", Evidence{Labels: map[string]string{"lull/engine": "postgres"}, Args: entry("psql")}, Postgres, ByLabel},

		{"commands of anything", Evidence{Annotations: map[string]string{"lull/quiesce-exec": "x"}, Args: []string{"/app/server"}}, Exec, ByAnnotation},
		{"commands beside a client", Evidence{Labels: map[string]string{"lull/ready-exec": "x"}, Args: []string{"sleep", "9"}}, Exec, ByLabel},
		{"commands beside a database", Evidence{Labels: map[string]string{"lull/release-exec": "x"}, Image: "postgres"}, Postgres, ByImage},
		{"the engine exec", Evidence{Labels: map[string]string{"lull/engine": "exec"}, Image: "postgres"}, Exec, ByLabel},
		{"image before arguments", Evidence{Image: "mariadb:11", Args: entry("mysqld")}, MariaDB, ByImage},
		{"image with options only", Evidence{Image: "mysql:8", Args: entry("--skip-name-resolve")}, MySQL, ByImage},
		{"image with a shell", Evidence{Image: "postgres", Args: []string{"sh", "-c", "exec postgres"}}, Postgres, ByImage},
		{"image of a client", Evidence{Image: "postgres:17", Args: entry("psql", "-h", "db")}, "", ""},
		{"image of a dump", Evidence{Image: "mysql:8", Args: []string{"/usr/bin/mysqldump", "-h", "db"}}, "", ""},
		{"image that sleeps", Evidence{Image: "redis", Args: []string{"sleep", "infinity"}}, "", ""},
		{"sentinel", Evidence{Image: "redis:7", Args: entry("redis-server", "/etc/sentinel.conf", "--sentinel")}, "", ""},

		{"program", Evidence{Args: []string{"/usr/lib/postgresql/17/bin/postgres", "-D", "/data"}}, Postgres, ByArguments},
		{"entrypoint", Evidence{Args: []string{"/usr/local/bin/docker-entrypoint.sh", "mongod", "--replSet", "rs"}}, MongoDB, ByArguments},
		{"tini and gosu", Evidence{Args: []string{"tini", "-g", "--", "gosu", "mysql", "mariadbd"}}, MariaDB, ByArguments},
		{"env", Evidence{Args: []string{"env", "LANG=C", "valkey-server"}}, Valkey, ByArguments},
		{"old name of mariadb", Evidence{Args: []string{"mysqld"}, Env: []string{"MARIADB_VERSION=10.4"}}, MariaDB, ByArguments},
		{"a server as somebody's argument", Evidence{Args: []string{"myapp", "postgres"}}, "", ""},
		{"an exporter", Evidence{Args: []string{"postgres_exporter"}}, "", ""},

		{"environment of the image", Evidence{Image: "sha256:0123", Args: entry(), Env: pgEnv}, Postgres, ByEnvironment},
		{"environment with a script", Evidence{Args: []string{"/start.sh"}, Env: pgEnv}, Postgres, ByEnvironment},
		{"environment of an application on such an image", Evidence{Args: []string{"/app/server"}, Env: pgEnv}, "", ""},
		{"half an environment", Evidence{Args: entry(), Env: []string{"PGDATA=/x"}}, "", ""},
		{"empty variable", Evidence{Args: entry(), Env: []string{"PG_MAJOR=", "PGDATA=/x"}}, "", ""},
		{"application with a password", Evidence{
			Image: "shop:1", Args: []string{"/start.sh"},
			Env: []string{"POSTGRES_PASSWORD=x", "POSTGRES_USER=y", "PGHOST=db", "MYSQL_ROOT_PASSWORD=z", "REDIS_URL=redis://r"},
		}, "", ""},
		{"bitnami by environment", Evidence{
			Image: "sha256:0123", Args: []string{"/opt/bitnami/scripts/postgresql/entrypoint.sh", "/opt/bitnami/scripts/postgresql/run.sh"},
			Env: []string{"BITNAMI_APP_NAME=postgresql"},
		}, Postgres, ByEnvironment},
		{"bitnami's exporter", Evidence{Args: []string{"/entrypoint.sh"}, Env: []string{"BITNAMI_APP_NAME=postgres-exporter"}}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok, err := Detect(c.evidence)
			if err != nil {
				t.Fatal(err)
			}
			if got.Engine != c.engine || got.By != c.by || ok != (c.engine != "") {
				t.Errorf("got %+v, %v; want %q by %q", got, ok, c.engine, c.by)
			}
			if ok && got.Detail == "" {
				t.Error("found, and does not say what told")
			}
		})
	}
}

func TestDetectByImage(t *testing.T) {
	for image, want := range map[string]struct{ engine, variant string }{
		"postgres":           {Postgres, ""},
		"postgres:17-alpine": {Postgres, ""},
		"docker.io/library/postgres:17@sha256:00":                  {Postgres, ""},
		"localhost:5000/mirror/postgres:17":                        {Postgres, ""},
		"localhost/postgres":                                       {Postgres, ""},
		"REGISTRY.example/Postgres":                                {Postgres, ""},
		"ghcr.io/cloudnative-pg/postgresql:17":                     {Postgres, ""},
		"postgis/postgis:17-3.5":                                   {Postgres, "postgis"},
		"timescale/timescaledb-ha:pg17":                            {Postgres, "timescaledb-ha"},
		"timescale/timescaledb:latest-pg17":                        {Postgres, "timescaledb"},
		"pgvector/pgvector:pg17":                                   {Postgres, "pgvector"},
		"bitnami/postgresql:17":                                    {Postgres, "bitnami"},
		"docker.io/bitnamilegacy/postgresql":                       {Postgres, "bitnami"},
		"registry.redhat.io/rhel9/postgresql-16":                   {Postgres, ""},
		"quay.io/sclorg/mysql-80-c9s:latest":                       {MySQL, ""},
		"apache/age":                                               {Postgres, "apache/age"},
		"mysql:8.4":                                                {MySQL, ""},
		"container-registry.oracle.com/mysql/community-server:8.4": {MySQL, "mysql/community-server"},
		"percona/percona-server:8":                                 {MySQL, "percona-server"},
		"percona":                                                  {MySQL, "percona"},
		"lscr.io/linuxserver/mariadb":                              {MariaDB, ""},
		"redis:7":                                                  {Redis, ""},
		"redis/redis-stack-server":                                 {Redis, "redis-stack-server"},
		"valkey/valkey:8":                                          {Valkey, ""},
		"mongo:8":                                                  {MongoDB, ""},
		"mongodb/mongodb-community-server:8.0-ubi9":                {MongoDB, "mongodb-community-server"},
		"percona/percona-server-mongodb":                           {MongoDB, "percona-server-mongodb"},

		"my-postgres-exporter":                          {},
		"quay.io/prometheuscommunity/postgres-exporter": {},
		"postgres-backup":                               {},
		"prodrigestivill/postgres-backup-local":         {},
		"postgres/exporter":                             {},
		"community-server":                              {},
		"redis-commander":                               {},
		"rediscommander/redis-commander":                {},
		"bitnami/redis-sentinel":                        {},
		"oliver006/redis_exporter":                      {},
		"mongo-express":                                 {},
		"phpmyadmin":                                    {},
		"phpmyadmin/phpmyadmin":                         {},
		"prom/mysqld-exporter":                          {},
		"mysql/mysql-router":                            {},
		"ghcr.io/ferretdb/ferretdb:2":                   {},
		"dpage/pgadmin4":                                {},
		"edoburu/pgbouncer":                             {},
		"postgres-operator":                             {},
		"postgresql-client":                             {},
		"mysql-8-client":                                {},
		"":                                              {},
		"/":                                             {},
		"sha256:postgres":                               {},
	} {
		got, ok, err := Detect(Evidence{Image: image, Args: []string{"docker-entrypoint.sh"}})
		if err != nil || ok != (want.engine != "") || got.Engine != want.engine || got.Variant != want.variant {
			t.Errorf("%q: got %+v, %v, %v; want %+v", image, got, ok, err, want)
		}
	}
}

func TestAnUnknownEngineIsRefused(t *testing.T) {
	for _, word := range []string{"oracle", "", "Postgres", "postgresql "} {
		for _, e := range []Evidence{
			{Labels: map[string]string{LabelEngine: word}, Image: "postgres"},
			{Annotations: map[string]string{LabelEngine: word}},
		} {
			_, ok, err := Detect(e)
			if err == nil || ok {
				t.Fatalf("%q was taken for an engine", word)
			}
			for _, engine := range append(Engines(), None) {
				if !strings.Contains(err.Error(), engine) {
					t.Errorf("%q does not name %s", err, engine)
				}
			}
		}
	}
}

// TestTablesNameEngines: a typing error in a table would make a database that
// no driver knows.
func TestTablesNameEngines(t *testing.T) {
	known := func(where, engine string) {
		if !slices.Contains(Engines(), engine) {
			t.Errorf("%s: %q is no engine", where, engine)
		}
	}
	for name, engine := range repositories() {
		known(name, engine)
	}
	for name, engine := range servers() {
		known(name, engine)
		if (command{name: name}).client() {
			t.Errorf("%s is a server and a client", name)
		}
	}
	for name, engine := range bitnami() {
		known(name, engine)
	}
	for _, tr := range traces() {
		known(strings.Join(tr.variables, " "), tr.engine)
		if len(tr.variables) < 2 {
			t.Errorf("%s: one variable is too weak", tr.engine)
		}
	}
}

func TestLabelsAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, l := range Labels() {
		if !strings.HasPrefix(l.Key, LabelPrefix) || l.Values == "" || l.Meaning == "" || seen[l.Key] {
			t.Errorf("label %+v", l)
		}
		seen[l.Key] = true
	}
	if !seen[LabelEngine] {
		t.Errorf("%s is not among the labels", LabelEngine)
	}
}

// FuzzDetect: nothing makes it panic, and whatever it finds is an engine that
// it can say the reason for.
func FuzzDetect(f *testing.F) {
	f.Add("docker.io/library/postgres:17@sha256:0", "docker-entrypoint.sh\x00postgres", "PG_MAJOR=17\x00PGDATA=/d", "postgres", true)
	f.Add("localhost:5000/redis-7-c9s", "tini\x00--\x00gosu\x00redis", "BITNAMI_APP_NAME=redis", "", false)
	f.Add("/:@", "", "=\x00==", "none", false)
	f.Fuzz(func(t *testing.T, image, args, env, label string, labelled bool) {
		e := Evidence{Image: image, Args: strings.Split(args, "\x00"), Env: strings.Split(env, "\x00")}
		if labelled {
			e.Labels = map[string]string{LabelEngine: label}
		}
		got, ok, err := Detect(e)
		if err != nil && (ok || !labelled) {
			t.Errorf("got %+v, %v, %v", got, ok, err)
		}
		if ok && (!slices.Contains(append(Engines(), None), got.Engine) || got.By == "" || got.Detail == "") {
			t.Errorf("found %+v", got)
		}
		if labelled && err == nil && (got.Engine != label || got.By != ByLabel) {
			t.Errorf("the label %q made %+v", label, got)
		}
	})
}
