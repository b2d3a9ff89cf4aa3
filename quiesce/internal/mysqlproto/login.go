package mysqlproto

import (
	"cmp"
	"strconv"

	"github.com/lull-containers/lull/quiesce"
)

// login is who to be and where to look. It holds a password: never log it.
type login struct {
	user, password string
	port           uint16 // to be tried first
	database       string // of a table that names none; empty: there is no such
	from           string // the variable that root's password is of; empty: it was said otherwise
}

// loginOf reads the target: what is said in so many words, then the variables
// of the official images and of Bitnami's.
func loginOf(t quiesce.Target) login {
	user, password, from := account(t.Env)
	if t.User != "" && t.User != user {
		user, password, from = t.User, named(t.Env, t.User), ""
	}
	if t.Password != "" {
		password, from = t.Password, ""
	}
	return login{user: user, password: password, from: from, port: port(t.Env),
		database: cmp.Or(t.Database, t.Env["MARIADB_DATABASE"], t.Env["MYSQL_DATABASE"])}
}

func account(env map[string]string) (user, password, from string) {
	user = cmp.Or(env["MARIADB_ROOT_USER"], env["MYSQL_ROOT_USER"], "root")
	for _, name := range []string{"MARIADB_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD"} {
		if env[name] != "" {
			return user, env[name], name
		}
	}
	return user, "", ""
}

// named is the password of the account that an image makes beside root, when
// that is who is meant.
func named(env map[string]string, user string) string {
	for _, prefix := range []string{"MARIADB_", "MYSQL_"} {
		if env[prefix+"USER"] == user {
			return env[prefix+"PASSWORD"]
		}
	}
	return ""
}

func port(env map[string]string) uint16 {
	for _, name := range []string{"MYSQL_TCP_PORT", "MARIADB_PORT_NUMBER", "MYSQL_PORT_NUMBER"} {
		if n, err := strconv.ParseUint(env[name], 10, 16); err == nil && n > 0 {
			return uint16(n)
		}
	}
	return 3306
}
