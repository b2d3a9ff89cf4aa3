package engine

import (
	"cmp"
	"slices"

	"github.com/lull-containers/lull/quiesce"
)

// secret is a password that an image takes from a variable, or from the file
// that the same variable with _FILE names.
type secret struct {
	variable string
	users    []string // the variables that may name whose it is, the first that does
	user     string   // whose it is where none does; empty: nobody's
	aside    bool     // of an account that lull is only if it is named
	implied  bool     // of a user that is not named to a server that asks for none
}

// secretsOf are an engine's, in the order in which its images and its driver
// prefer them: the official one's, Bitnami's.
func secretsOf(engine string) []secret {
	owner := []string{"POSTGRES_USER", "POSTGRESQL_USERNAME", "POSTGRESQL_USER"}
	root := []string{"MARIADB_ROOT_USER", "MYSQL_ROOT_USER"}
	switch engine {
	case quiesce.Postgres:
		return []secret{
			{variable: "POSTGRESQL_POSTGRES_PASSWORD", user: "postgres"}, {variable: "POSTGRES_POSTGRES_PASSWORD", user: "postgres"},
			{variable: "POSTGRES_PASSWORD", users: owner, user: "postgres"}, {variable: "POSTGRESQL_PASSWORD", users: owner, user: "postgres"},
		}
	case quiesce.MySQL, quiesce.MariaDB:
		return []secret{
			{variable: "MARIADB_ROOT_PASSWORD", users: root, user: "root"}, {variable: "MYSQL_ROOT_PASSWORD", users: root, user: "root"},
			{variable: "MARIADB_PASSWORD", users: []string{"MARIADB_USER"}, aside: true}, {variable: "MYSQL_PASSWORD", users: []string{"MYSQL_USER"}, aside: true},
		}
	case quiesce.Redis, quiesce.Valkey:
		return []secret{
			{variable: "REDIS_PASSWORD", user: "default", implied: true}, {variable: "VALKEY_PASSWORD", user: "default", implied: true},
		}
	case quiesce.MongoDB:
		return []secret{
			{variable: "MONGO_INITDB_ROOT_PASSWORD", users: []string{"MONGO_INITDB_ROOT_USERNAME"}},
			{variable: "MONGODB_INITDB_ROOT_PASSWORD", users: []string{"MONGODB_INITDB_ROOT_USERNAME"}},
			{variable: "MONGODB_ROOT_PASSWORD", users: []string{"MONGODB_ROOT_USER"}, user: "root"},
		}
	}
	return nil
}

// databases are the variables that name the database of an engine's image.
func databases(engine string) []string {
	switch engine {
	case quiesce.Postgres:
		return []string{"POSTGRES_DB", "POSTGRESQL_DATABASE"}
	case quiesce.MySQL, quiesce.MariaDB:
		return []string{"MARIADB_DATABASE", "MYSQL_DATABASE"}
	}
	return nil
}

const inFile = "_FILE"

// variables are an image's, read as its entrypoint reads them.
type variables struct {
	env map[string]string
	pid int // whose files are named
}

// set says whether one of some variables is, and whether only a file has it.
func (v variables) set(names ...string) (set, filed bool) {
	i := slices.IndexFunc(names, func(n string) bool { return v.env[n] != "" || v.env[n+inFile] != "" })
	return i >= 0, i >= 0 && v.env[names[i]] == ""
}

// first is the value of the first of some variables that is set.
func (v variables) first(names ...string) (string, error) {
	for _, name := range names {
		if v.env[name] != "" {
			return v.env[name], nil
		}
		if path := v.env[name+inFile]; path != "" {
			return readSecret(v.pid, path)
		}
	}
	return "", nil
}

// account is the user that the image's variables tell of, who is named or whom
// they mean, and his password, unless it is said already; both are empty where
// a driver reads all of it from the environment itself. No password is ever
// another user's.
func (v variables) account(engine, named string, said bool) (user, password string, err error) {
	s, user, err := v.meant(engine, named)
	_, filed := v.set(s.variable)
	_, userFiled := v.set(s.users...)
	if err != nil || !filed && !userFiled {
		return "", "", err
	}
	if !said {
		password, err = v.first(s.variable)
	}
	if s.implied && named == "" {
		user = ""
	}
	return user, password, err
}

// meant is the first password that there is of the user, or of anybody; without
// any, one of which a file tells whose it would be.
func (v variables) meant(engine, named string) (s secret, user string, err error) {
	for _, there := range []func(secret) bool{
		func(s secret) bool { set, _ := v.set(s.variable); return set },
		func(s secret) bool { _, filed := v.set(s.users...); return filed },
	} {
		for _, s := range secretsOf(engine) {
			if !there(s) || s.aside && named == "" {
				continue
			}
			user, err := v.owner(s)
			if err != nil || named == "" || named == user {
				return s, user, err
			}
		}
	}
	return secret{}, "", nil
}

func (v variables) owner(s secret) (string, error) {
	user, err := v.first(s.users...)
	return cmp.Or(user, s.user), err
}

// database is the one that a file names.
func (v variables) database(engine string) (string, error) {
	if _, filed := v.set(databases(engine)...); !filed {
		return "", nil
	}
	return v.first(databases(engine)...)
}
