package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/quiesce"
)

// The files that an image's variables name tell of an account, and a password
// is told to nobody but its own user.
func TestImageAccount(t *testing.T) {
	dir := t.TempDir()
	file := func(text string) string {
		path := filepath.Join(dir, text)
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret, owner, shop := file("secret"), file("owner"), file("shop")
	type env = map[string]string
	for name, tt := range map[string]struct {
		engine string
		labels map[string]string
		env    env
		want   credentials
	}{
		"PostgreSQL": {quiesce.Postgres, nil, env{"POSTGRES_PASSWORD_FILE": secret}, credentials{"postgres", "secret", ""}},
		"PostgreSQL, all in files": {quiesce.Postgres, nil, env{"POSTGRES_PASSWORD_FILE": secret, "POSTGRES_USER_FILE": owner, "POSTGRES_DB_FILE": shop},
			credentials{"owner", "secret", "shop"}},
		"PostgreSQL, the user alone":      {quiesce.Postgres, nil, env{"POSTGRES_PASSWORD": "p", "POSTGRES_USER_FILE": owner}, credentials{"owner", "p", ""}},
		"PostgreSQL, trusted":             {quiesce.Postgres, nil, env{"POSTGRES_USER_FILE": owner}, credentials{"owner", "", ""}},
		"PostgreSQL, the same user":       {quiesce.Postgres, env{"lull/user": "postgres"}, env{"POSTGRES_PASSWORD_FILE": secret}, credentials{"postgres", "secret", ""}},
		"PostgreSQL, another user":        {quiesce.Postgres, env{"lull/user": "lull"}, env{"POSTGRES_PASSWORD_FILE": secret}, credentials{"lull", "", ""}},
		"PostgreSQL, plain":               {quiesce.Postgres, nil, env{"POSTGRES_PASSWORD": "p", "POSTGRES_USER": "o"}, credentials{}},
		"PostgreSQL, a label before":      {quiesce.Postgres, env{"lull/database": "other"}, env{"POSTGRES_DB_FILE": shop}, credentials{"", "", "other"}},
		"a label, and no need of files":   {quiesce.Postgres, env{"lull/password-env": "P"}, env{"P": "p", "POSTGRES_PASSWORD_FILE": "/nowhere"}, credentials{"postgres", "p", ""}},
		"Bitnami's superuser":             {quiesce.Postgres, nil, env{"POSTGRESQL_POSTGRES_PASSWORD_FILE": secret, "POSTGRESQL_PASSWORD": "p", "POSTGRESQL_USERNAME": "app"}, credentials{"postgres", "secret", ""}},
		"Bitnami's superuser, plain":      {quiesce.Postgres, nil, env{"POSTGRESQL_POSTGRES_PASSWORD": "p", "POSTGRESQL_PASSWORD_FILE": secret, "POSTGRESQL_USERNAME": "app"}, credentials{}},
		"Bitnami's, with the user's file": {quiesce.Postgres, nil, env{"POSTGRESQL_PASSWORD_FILE": secret, "POSTGRESQL_USERNAME_FILE": owner}, credentials{"owner", "secret", ""}},
		"MySQL's root":                    {quiesce.MySQL, nil, env{"MYSQL_ROOT_PASSWORD_FILE": secret}, credentials{"root", "secret", ""}},
		"MySQL's user, not named":         {quiesce.MySQL, nil, env{"MYSQL_USER": "app", "MYSQL_PASSWORD_FILE": secret}, credentials{}},
		"MySQL's user":                    {quiesce.MySQL, env{"lull/user": "app"}, env{"MYSQL_USER": "app", "MYSQL_PASSWORD_FILE": secret, "MYSQL_ROOT_PASSWORD_FILE": owner}, credentials{"app", "secret", ""}},
		"MySQL, another user":             {quiesce.MySQL, env{"lull/user": "lull"}, env{"MYSQL_ROOT_PASSWORD_FILE": secret}, credentials{"lull", "", ""}},
		"MariaDB's root of another name":  {quiesce.MariaDB, nil, env{"MARIADB_ROOT_USER": "admin", "MARIADB_ROOT_PASSWORD_FILE": secret}, credentials{"admin", "secret", ""}},
		"MariaDB's user":                  {quiesce.MariaDB, env{"lull/user": "app"}, env{"MARIADB_USER": "app", "MARIADB_PASSWORD_FILE": secret}, credentials{"app", "secret", ""}},
		"Redis":                           {quiesce.Redis, nil, env{"REDIS_PASSWORD_FILE": secret}, credentials{"", "secret", ""}},
		"Redis's default":                 {quiesce.Redis, env{"lull/user": "default"}, env{"REDIS_PASSWORD_FILE": secret}, credentials{"default", "secret", ""}},
		"Redis, another user":             {quiesce.Redis, env{"lull/user": "lull"}, env{"REDIS_PASSWORD_FILE": secret}, credentials{"lull", "", ""}},
		"MongoDB":                         {quiesce.MongoDB, nil, env{"MONGO_INITDB_ROOT_USERNAME_FILE": owner, "MONGO_INITDB_ROOT_PASSWORD_FILE": secret}, credentials{"owner", "secret", ""}},
		"MongoDB of Bitnami":              {quiesce.MongoDB, nil, env{"MONGODB_ROOT_PASSWORD_FILE": secret}, credentials{"root", "secret", ""}},
		"MongoDB of Bitnami, named":       {quiesce.MongoDB, nil, env{"MONGODB_ROOT_USER": "admin", "MONGODB_ROOT_PASSWORD_FILE": secret}, credentials{"admin", "secret", ""}},
		"another engine's variables":      {quiesce.Postgres, nil, env{"MYSQL_ROOT_PASSWORD_FILE": secret}, credentials{}},
	} {
		t.Run(name, func(t *testing.T) {
			c := container(tt.engine, nil, nil)
			c.Labels = tt.labels
			got, err := credentialsOf(c, os.Getpid(), tt.env)
			if err != nil || got != tt.want {
				t.Errorf("%s, %v", fmt.Sprintf("%q", got), err)
			}
		})
	}
}
