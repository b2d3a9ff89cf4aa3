package main

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/lull-containers/lull/clone"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// cloned is a clone as commands report it.
type cloned struct {
	Name           string          `json:"name"`
	Namespace      string          `json:"namespace"`
	Image          string          `json:"image"`
	Checkpoint     string          `json:"checkpoint"`
	Engine         string          `json:"engine"`
	Phase          string          `json:"phase,omitempty"`
	Host           string          `json:"host"`
	Port           uint16          `json:"port"`
	URL            string          `json:"url"`
	Published      string          `json:"published,omitempty"` // HOST:PORT of this host
	Pool           string          `json:"pool,omitempty"`
	VerifiedMillis float64         `json:"verified_ms,omitempty"` // from this command's beginning
	TakenMillis    float64         `json:"taken_ms,omitempty"`    // out of a pool
	Pid            int             `json:"pid,omitempty"`
	Log            string          `json:"log,omitempty"`
	Expires        *time.Time      `json:"expires,omitempty"`
	Steps          []manifest.Step `json:"steps,omitempty"`
	Inner          []manifest.Step `json:"shim_steps,omitempty"`
	Warnings       []string        `json:"warnings,omitempty"`
}

func clonedOf(r clone.Record, env []string, o cloneOptions) cloned {
	return cloned{
		Name: r.ID, Namespace: r.Namespace, Image: r.Ref, Checkpoint: r.Checkpoint, Engine: r.Engine,
		Host: r.Address.String(), Port: r.Port, URL: connectionURL(r, env, o.passwords), Published: publishedText(r),
		Pool: r.Pool, Expires: expiry(r),
	}
}

func publishedText(r clone.Record) string {
	if !r.Published.IsValid() {
		return ""
	}
	return r.Published.String()
}

func expiry(r clone.Record) *time.Time {
	if r.Order.Expires.IsZero() {
		return nil
	}
	return &r.Order.Expires
}

func (a *app) answerClones(all []cloned, o cloneOptions) error {
	if o.env && !a.json {
		for _, c := range all {
			fmt.Fprint(a.out, c.variables())
		}
		return nil
	}
	return answer(a, all, a.printClones)
}

func (a *app) printClones(all []cloned) {
	table := [][]string{{"CLONE", "ENGINE", "READY AFTER", "PUBLISHED", "URL"}}
	for _, c := range all {
		table = append(table, []string{c.Name, c.Engine, millisText(c.VerifiedMillis + c.TakenMillis), orDash(c.Published), c.URL})
	}
	a.table(table)
	for _, c := range all {
		for _, w := range c.Warnings {
			a.warn("%s: %s", c.Name, w)
		}
	}
}

// variables are lines that a shell can evaluate.
func (c cloned) variables() string {
	name := variableName(c.Name)
	text := fmt.Sprintf("%s_URL=%s\n%s_HOST=%s\n%s_PORT=%d\n", name, quoted(c.URL), name, c.Host, name, c.Port)
	if c.Published != "" {
		text += fmt.Sprintf("%s_PUBLISHED=%s\n", name, c.Published)
	}
	return text
}

// variableName makes a shell's name of a container's.
func variableName(id string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, id)
	if name[0] >= '0' && name[0] <= '9' {
		name = "_" + name
	}
	return strings.ToUpper(name)
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// connectionURL is the database's address as its clients write it, with the
// user and the database that the image's variables name.
func connectionURL(r clone.Record, env []string, password bool) string {
	at := access(r.Engine, env)
	u := url.URL{Scheme: at.scheme, Host: fmt.Sprintf("%s:%d", r.Address, r.Port), Path: at.database}
	switch {
	case password && at.password != "":
		u.User = url.UserPassword(at.user, at.password)
	case at.user != "":
		u.User = url.User(at.user)
	}
	return u.String()
}

type credentials struct{ scheme, user, password, database string }

func access(engine string, env []string) credentials {
	value := func(names ...string) string {
		for _, name := range names {
			for _, kv := range env {
				if v, ok := strings.CutPrefix(kv, name+"="); ok && v != "" {
					return v
				}
			}
		}
		return ""
	}
	or := func(v, otherwise string) string {
		if v == "" {
			return otherwise
		}
		return v
	}
	switch engine {
	case quiesce.Postgres:
		user := or(value("POSTGRES_USER", "POSTGRESQL_USERNAME"), "postgres")
		return credentials{"postgresql", user, value("POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD"), or(value("POSTGRES_DB", "POSTGRESQL_DATABASE"), user)}
	case quiesce.MySQL, quiesce.MariaDB:
		return credentials{engine, "root", value("MYSQL_ROOT_PASSWORD", "MARIADB_ROOT_PASSWORD"), value("MYSQL_DATABASE", "MARIADB_DATABASE")}
	case quiesce.Redis, quiesce.Valkey:
		return credentials{engine, "", value("REDIS_PASSWORD", "VALKEY_PASSWORD"), ""}
	}
	return credentials{scheme: engine}
}
