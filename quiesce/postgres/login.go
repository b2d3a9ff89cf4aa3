package postgres

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/lull-containers/lull/quiesce"
)

// login is who to be and where to look. It holds a password: never log it.
type login struct {
	user, password string
	from           string   // the variable that the password is of; empty: it was said otherwise
	databases      []string // to be tried in this order
	port           uint16   // to be tried first
}

// loginOf reads the target: what is said in so many words, then the variables
// of the official images, then Bitnami's.
func loginOf(t quiesce.Target) login {
	user, password, from := account(t.Env)
	if t.User != "" && t.User != user {
		user, password, from = t.User, "", "" // the variables' password is somebody else's
	}
	if t.Password != "" {
		password, from = t.Password, ""
	}
	named := cmp.Or(t.Database, t.Env["POSTGRES_DB"], t.Env["POSTGRESQL_DATABASE"], user)
	return login{
		user:      user,
		password:  password,
		from:      from,
		databases: distinct(named, "postgres", "template1"),
		port:      port(t.Env),
	}
}

// account prefers the superuser where an image knows more than one.
func account(env map[string]string) (user, password, from string) {
	if from, super := set(env, "POSTGRESQL_POSTGRES_PASSWORD", "POSTGRES_POSTGRES_PASSWORD"); super != "" {
		return "postgres", super, from
	}
	user = cmp.Or(env["POSTGRES_USER"], env["POSTGRESQL_USERNAME"], env["POSTGRESQL_USER"], "postgres")
	from, password = set(env, "POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD")
	return user, password, from
}

// set is the first of some variables that has a value.
func set(env map[string]string, names ...string) (name, value string) {
	for _, name := range names {
		if env[name] != "" {
			return name, env[name]
		}
	}
	return "", ""
}

func port(env map[string]string) uint16 {
	for _, name := range []string{"PGPORT", "POSTGRESQL_PORT_NUMBER"} {
		if n, err := strconv.ParseUint(env[name], 10, 16); err == nil && n > 0 {
			return uint16(n)
		}
	}
	return 5432
}

func distinct(names ...string) []string {
	var list []string
	for _, name := range names {
		if name != "" && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = strconv.Quote(name)
	}
	return strings.Join(quoted, ", ")
}
