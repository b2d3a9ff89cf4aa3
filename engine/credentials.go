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

// passwordOf finds a password that is not in the environment itself: the
// labels lull/password-env and lull/password-file, then the images' _FILE
// variables. Files are the container's and are opened inside its root.
func passwordOf(c *Container, pid int, env map[string]string) (string, error) {
	labels := c.LullLabels()
	if name := labels["password-env"]; name != "" {
		v, ok := env[name]
		if !ok {
			return "", &quiesce.Refusal{Class: quiesce.ErrAuth,
				What: "lull/password-env: the container has no variable " + name, Remedy: "name one that it has"}
		}
		return v, nil
	}
	if path := labels["password-file"]; path != "" {
		return readSecret(pid, path)
	}
	if path := c.Credential.PasswordFile; path != "" && namedUser(c) == c.Credential.User {
		return readHostSecret(path)
	}
	for _, name := range fileVariables() {
		if path := env[name]; path != "" {
			return readSecret(pid, path)
		}
	}
	return "", nil
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

// fileVariables are the images' variables that name a file with the password
// of the user that lull connects as.
func fileVariables() []string {
	return []string{
		"POSTGRES_PASSWORD_FILE", "POSTGRESQL_PASSWORD_FILE",
		"MYSQL_ROOT_PASSWORD_FILE", "MARIADB_ROOT_PASSWORD_FILE",
		"REDIS_PASSWORD_FILE", "VALKEY_PASSWORD_FILE",
		"MONGO_INITDB_ROOT_PASSWORD_FILE", "MONGODB_ROOT_PASSWORD_FILE",
	}
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
