package redis

import (
	"cmp"
	"context"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/lull-containers/lull/quiesce"
)

// login is who to be and where to look. It holds passwords: never log it.
type login struct {
	user      string   // of an ACL; empty: the default user
	passwords []string // to be tried in this order
	port      uint16   // to be tried first
}

// loginOf reads the target: what is said in so many words alone; else the
// server's own arguments, then the variables of the images.
func loginOf(t quiesce.Target) login {
	l := login{user: t.User, port: port(t)}
	if t.Password != "" {
		l.passwords = []string{t.Password}
		return l
	}
	extra := strings.Fields(t.Env["VALKEY_EXTRA_FLAGS"])
	for _, p := range []string{
		argument(t.Args, t.Env, "--requirepass"), argument(extra, t.Env, "--requirepass"),
		t.Env["REDIS_PASSWORD"], t.Env["VALKEY_PASSWORD"],
	} {
		if p != "" && !slices.Contains(l.passwords, p) {
			l.passwords = append(l.passwords, p)
		}
	}
	return l
}

func port(t quiesce.Target) uint16 {
	said := cmp.Or(argument(t.Args, t.Env, "--tls-port"), argument(t.Args, t.Env, "--port"),
		t.Env["REDIS_PORT_NUMBER"], t.Env["VALKEY_PORT_NUMBER"])
	if n, err := strconv.ParseUint(said, 10, 16); err == nil && n > 0 {
		return uint16(n)
	}
	return 6379
}

// argument is the value behind an option in a server's arguments, or in a
// shell's line among them.
func argument(args []string, env map[string]string, option string) string {
	for i, arg := range args {
		switch {
		case arg == option && i+1 < len(args):
			return args[i+1]
		case strings.ContainsAny(arg, " \t\n"):
			if value := argument(words(arg, env), nil, option); value != "" {
				return value
			}
		}
	}
	return ""
}

// words are a shell line's, as far as a password in one is usually written:
// bare, quoted, or a variable.
func words(line string, env map[string]string) []string {
	list := strings.Fields(line)
	for i, w := range list {
		if !strings.HasPrefix(w, "'") {
			w = os.Expand(w, func(name string) string { return env[name] })
		}
		list[i] = strings.Trim(w, `"'`)
	}
	return list
}

// enter authenticates a new connection: as the named user, or as the default
// one if it has to. A server that asks for no password is not told one.
func (l login) enter(ctx context.Context, c *redis.Conn) error {
	err := c.Ping(ctx).Err()
	if l.user == "" && !slices.Contains([]string{"NOAUTH", "NOPERM"}, codeOf(err)) {
		return nil // what else there is to say, the first command will hear
	}
	passwords := l.passwords
	if l.user != "" && len(passwords) == 0 {
		passwords = []string{""} // of a user that needs none
	}
	for _, p := range passwords {
		if err = c.AuthACL(ctx, cmp.Or(l.user, "default"), p).Err(); err == nil {
			break
		}
	}
	if err == nil {
		_ = c.ClientSetName(ctx, clientName).Err() // a name is for people; it may be forbidden
	}
	return err
}
