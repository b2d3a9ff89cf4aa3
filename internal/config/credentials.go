package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// Credential is an account for the databases of some containers. A password is
// in a file of the host's, never in the configuration.
type Credential struct {
	Container    string `toml:"container"` // pattern of the container's id; empty: any
	Image        string `toml:"image"`     // pattern of its image's reference; empty: any
	User         string `toml:"user"`
	PasswordFile string `toml:"password_file"` // absolute path on the host; only its owner may read it
}

// Credential is the first whose patterns are those of a container. In a pattern
// * is any text and ? any character.
func (c Config) Credential(container, image string) (Credential, bool) {
	for _, cr := range c.Credentials {
		if like(cr.Container, container) && like(cr.Image, image) {
			return cr, true
		}
	}
	return Credential{}, false
}

func like(pattern, text string) bool {
	if pattern == "" {
		return true
	}
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.ReplaceAll(strings.ReplaceAll(quoted, `\*`, `.*`), `\?`, `.`)
	return regexp.MustCompile(`(?s)\A` + quoted + `\z`).MatchString(text)
}

func (cr Credential) check() error {
	switch {
	case cr.Container == "" && cr.Image == "":
		return errors.New(`names no container and no image; container = "*" is all of them`)
	case cr.User == "" && cr.PasswordFile == "":
		return errors.New("has neither user nor password_file")
	case cr.PasswordFile != "" && !filepath.IsAbs(cr.PasswordFile):
		return fmt.Errorf("password_file %q is not an absolute path", cr.PasswordFile)
	}
	return nil
}

func (c Config) checkCredentials() error {
	for i, cr := range c.Credentials {
		if err := cr.check(); err != nil {
			return fmt.Errorf("credentials, number %d: %w", i+1, err)
		}
	}
	return nil
}
