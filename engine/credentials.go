package engine

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/lull-containers/lull/internal/rootfile"
	"github.com/lull-containers/lull/quiesce"
)

// maxSecret bounds a password file, in bytes.
const maxSecret = 4096

// credentials are who to be, and where. They hold a password: never log them.
// What is empty the driver finds in the environment itself.
type credentials struct{ user, password, database string }

// credentialsOf gathers what is said of one container by its labels, then by
// the configuration, then by the files that the image's variables name. Files
// are the container's and are opened inside its root.
func credentialsOf(c *Container, pid int, env map[string]string) (got credentials, err error) {
	image := variables{env: env, pid: pid}
	if got.database = c.LullLabels()["database"]; got.database == "" {
		if got.database, err = image.database(c.Found.Engine); err != nil {
			return got, err
		}
	}
	password, said, err := saidPassword(c, pid, env)
	if err != nil {
		return got, err
	}
	named := namedUser(c)
	if said && named != "" {
		got.user, got.password = named, password
		return got, nil
	}
	got.user, got.password, err = image.account(c.Found.Engine, named, said)
	if said {
		got.password = password
	}
	got.user = cmp.Or(named, got.user)
	return got, err
}

// saidPassword is the password that somebody has said for this container: the
// label lull/password-env or lull/password-file, or the configuration's file.
func saidPassword(c *Container, pid int, env map[string]string) (password string, said bool, err error) {
	labels := c.LullLabels()
	if name := labels["password-env"]; name != "" {
		v, ok := env[name]
		if !ok {
			return "", true, &quiesce.Refusal{Class: quiesce.ErrAuth,
				What: "lull/password-env: the container has no variable " + name, Remedy: "name one that it has"}
		}
		return v, true, nil
	}
	if path := labels["password-file"]; path != "" {
		password, err = readSecret(pid, path)
		return password, true, err
	}
	if path := c.Credential.PasswordFile; path != "" && namedUser(c) == c.Credential.User {
		password, err = readHostSecret(path)
		return password, true, err
	}
	return "", false, nil
}

// namedUser is the label's user, or the configuration's; empty: the image's.
func namedUser(c *Container) string {
	return cmp.Or(c.LullLabels()["user"], c.Credential.User)
}

// readHostSecret reads a file that the configuration names. One that others can
// read is no secret.
func readHostSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", noSecret(path, err.Error(), "lull's configuration names it as password_file")
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", noSecret(path, err.Error(), "")
	case !info.Mode().IsRegular():
		return "", noSecret(path, "it is not a regular file", "lull's configuration names it as password_file")
	case info.Mode().Perm()&0o077 != 0:
		return "", noSecret(path, "others can read it", "chmod 600 "+path)
	}
	return secretIn(f, path)
}

func secretIn(f io.Reader, path string) (string, error) {
	data, err := io.ReadAll(io.LimitReader(f, maxSecret))
	if err != nil {
		return "", noSecret(path, err.Error(), "")
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

// noSecret is the refusal of a password that cannot be had.
func noSecret(path, why, remedy string) error {
	return &quiesce.Refusal{Class: quiesce.ErrAuth, What: fmt.Sprintf("password file %s: %s", path, why), Remedy: remedy}
}

// readSecret reads a small file as the container's init process sees it,
// mounted secrets included, following links no further than its root.
func readSecret(pid int, path string) (string, error) {
	f, err := rootfile.Open(rootfile.OfProcess(pid), path)
	if err != nil {
		return "", noSecret(path, err.Error(), "name a file of the container's with lull/password-file")
	}
	defer f.Close()
	return secretIn(f, path)
}
