package mongodb

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/lull-containers/lull/quiesce"
)

// login is who to be and where to look. It holds a password: never log it.
type login struct {
	user, password string // no user: nobody
	source         string // the database that has the user
	port           uint16 // to be tried first
	secure         bool   // TLS first
}

// loginOf reads the target: what is said in so many words first, then the
// variables of the images. A password is never another user's.
func loginOf(t quiesce.Target) login {
	user, password := account(t.Env)
	if t.User != "" && t.User != user {
		user, password = t.User, ""
	}
	return login{
		user:     user,
		password: cmp.Or(t.Password, password),
		source:   cmp.Or(t.Database, t.Labels["database"], "admin"),
		port:     port(t.Args),
		secure:   demandsTLS(t.Args),
	}
}

func account(env map[string]string) (user, password string) {
	user = cmp.Or(env["MONGO_INITDB_ROOT_USERNAME"], env["MONGODB_INITDB_ROOT_USERNAME"])
	password = cmp.Or(env["MONGO_INITDB_ROOT_PASSWORD"], env["MONGODB_INITDB_ROOT_PASSWORD"])
	if user == "" && env["MONGODB_ROOT_PASSWORD"] != "" { // Bitnami
		return cmp.Or(env["MONGODB_ROOT_USER"], "root"), env["MONGODB_ROOT_PASSWORD"]
	}
	return user, password
}

func port(args []string) uint16 {
	if n, err := strconv.ParseUint(argument(args, "--port"), 10, 16); err == nil && n > 0 {
		return uint16(n)
	}
	return 27017
}

// demandsTLS is a hint: a configuration file may say so too, and is not read.
func demandsTLS(args []string) bool {
	mode := cmp.Or(argument(args, "--tlsMode"), argument(args, "--sslMode"))
	return strings.HasPrefix(mode, "require") || strings.HasPrefix(mode, "prefer")
}

// argument is the value of an option, attached or next.
func argument(args []string, option string) string {
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, option+"="); ok {
			return value
		}
		if arg == option && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}
