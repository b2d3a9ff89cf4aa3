package engine

import (
	"fmt"
	"io"
	"strings"

	"github.com/lull-containers/lull/internal/rootfile"
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
			return "", fmt.Errorf("lull/password-env: the container has no variable %s; name one that it has", name)
		}
		return v, nil
	}
	if path := labels["password-file"]; path != "" {
		return readSecret(pid, path)
	}
	for _, name := range fileVariables() {
		if path := env[name]; path != "" {
			return readSecret(pid, path)
		}
	}
	return "", nil
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
		return "", fmt.Errorf("password file %s: %w; check lull/password-file", path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecret))
	if err != nil {
		return "", fmt.Errorf("password file %s: %w", path, err)
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}
