package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

func TestParseLSN(t *testing.T) {
	for text, want := range map[string]lsn{
		"0/0": 0, "0/15E8A28": 0x15E8A28, "16/B374D848": 0x16B374D848, "FFFFFFFF/FFFFFFFF": 1<<64 - 1,
	} {
		if got, err := parseLSN(text); err != nil || got != want || got.String() != text {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "/", "1", "1/", "/1", "1/2/3", "G/0", "-1/0", "1/100000000", "1 /2"} {
		if got, err := parseLSN(text); err == nil {
			t.Errorf("%q was taken for %v", text, got)
		}
	}
}

func FuzzParseLSN(f *testing.F) {
	f.Add("16/B374D848")
	f.Add("0/0")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseLSN(text)
		if err != nil {
			return
		}
		if again, err := parseLSN(got.String()); err != nil || again != got {
			t.Errorf("%q became %v, then %v, %v", text, got, again, err)
		}
	})
}

func TestLogin(t *testing.T) {
	for name, c := range map[string]struct {
		target quiesce.Target
		want   login
	}{
		"nothing": {quiesce.Target{}, login{user: "postgres", databases: []string{"postgres", "template1"}, port: 5432}},
		"official": {
			quiesce.Target{Env: map[string]string{"POSTGRES_USER": "app", "POSTGRES_PASSWORD": "p"}},
			login{user: "app", password: "p", databases: []string{"app", "postgres", "template1"}, port: 5432, from: "POSTGRES_PASSWORD"},
		},
		"official with a database": {
			quiesce.Target{Env: map[string]string{"POSTGRES_DB": "shop", "POSTGRES_PASSWORD": "p", "PGPORT": "5433"}},
			login{user: "postgres", password: "p", databases: []string{"shop", "postgres", "template1"}, port: 5433, from: "POSTGRES_PASSWORD"},
		},
		"password from a file, as the target has it": {
			quiesce.Target{Password: "file", Env: map[string]string{"POSTGRES_PASSWORD_FILE": "/run/secrets/p"}},
			login{user: "postgres", password: "file", databases: []string{"postgres", "template1"}, port: 5432},
		},
		"labels": {
			quiesce.Target{User: "lull", Password: "q", Database: "d", Env: map[string]string{"POSTGRES_USER": "app", "POSTGRES_PASSWORD": "p"}},
			login{user: "lull", password: "q", databases: []string{"d", "postgres", "template1"}, port: 5432},
		},
		"another user without a password gets nobody else's": {
			quiesce.Target{User: "lull", Env: map[string]string{"POSTGRES_USER": "app", "POSTGRES_PASSWORD": "p", "POSTGRES_DB": "d"}},
			login{user: "lull", password: "", databases: []string{"d", "postgres", "template1"}, port: 5432},
		},
		"the same user named again": {
			quiesce.Target{User: "app", Env: map[string]string{"POSTGRES_USER": "app", "POSTGRES_PASSWORD": "p"}},
			login{user: "app", password: "p", databases: []string{"app", "postgres", "template1"}, port: 5432, from: "POSTGRES_PASSWORD"},
		},
		"bitnami": {
			quiesce.Target{Env: map[string]string{
				"POSTGRESQL_USERNAME": "app", "POSTGRESQL_PASSWORD": "p", "POSTGRESQL_DATABASE": "d", "POSTGRESQL_PORT_NUMBER": "5444",
			}},
			login{user: "app", password: "p", databases: []string{"d", "postgres", "template1"}, port: 5444, from: "POSTGRESQL_PASSWORD"},
		},
		"bitnami's superuser": {
			quiesce.Target{Env: map[string]string{"POSTGRESQL_USERNAME": "app", "POSTGRESQL_PASSWORD": "p", "POSTGRESQL_POSTGRES_PASSWORD": "s"}},
			login{user: "postgres", password: "s", databases: []string{"postgres", "template1"}, port: 5432, from: "POSTGRESQL_POSTGRES_PASSWORD"},
		},
		"no port": {
			quiesce.Target{Env: map[string]string{"PGPORT": "none"}},
			login{user: "postgres", databases: []string{"postgres", "template1"}, port: 5432},
		},
	} {
		if diff := cmp.Diff(c.want, loginOf(c.target), cmp.AllowUnexported(login{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestExplainGivesAClassAndKeepsTheCause(t *testing.T) {
	for code, class := range map[string]error{
		cannotConnectNow: quiesce.ErrNotReady, adminShutdown: quiesce.ErrNotReady, crashShutdown: quiesce.ErrNotReady,
		invalidPassword: quiesce.ErrAuth, invalidAuthorization: quiesce.ErrAuth, insufficientRights: quiesce.ErrPrivilege,
		tooManyConnections: quiesce.ErrBusy, "XX000": quiesce.ErrUnsupported,
	} {
		err := explain(fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code, Message: "words of the server's"}), "trying")
		if !errors.Is(err, class) || codeOf(err) != code {
			t.Errorf("%s became %v of class %v", code, err, errors.Unwrap(err))
		}
		if !strings.Contains(err.Error(), "words of the server's") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s is told as %q", code, err)
		}
	}
	if err := explain(fmt.Errorf("x: %w", context.DeadlineExceeded), "trying"); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, quiesce.ErrNotReady) {
		t.Errorf("a deadline became %v", err)
	}
	if err := explain(nil, "trying"); err != nil {
		t.Errorf("nil became %v", err)
	}
}

// TestCompare changes one fact after the other.
func TestCompare(t *testing.T) {
	base := func() manifest.Database {
		return manifest.Database{
			Role:     "primary",
			Identity: map[string]string{"system_identifier": "7", "timeline": "1"},
			Position: map[string]string{"wal_flush_lsn": "1/20", "checkpoint_lsn": "0/FF", "prepared_transactions": "2"},
		}
	}
	for name, c := range map[string]struct {
		change func(*manifest.Database)
		broken string // what a broken line names; empty: all holds
	}{
		"same":                {func(*manifest.Database) {}, ""},
		"further":             {func(d *manifest.Database) { d.Position["wal_flush_lsn"] = "1/21" }, ""},
		"further, longer":     {func(d *manifest.Database) { d.Position["checkpoint_lsn"] = "10/0" }, ""},
		"fewer prepared":      {func(d *manifest.Database) { d.Position["prepared_transactions"] = "0" }, ""},
		"more facts":          {func(d *manifest.Database) { d.Identity["new"] = "x" }, ""},
		"behind":              {func(d *manifest.Database) { d.Position["wal_flush_lsn"] = "1/1F" }, "wal flush lsn"},
		"behind by the first": {func(d *manifest.Database) { d.Position["wal_flush_lsn"] = "0/FFFFFFFF" }, "wal flush lsn"},
		"no position":         {func(d *manifest.Database) { delete(d.Position, "checkpoint_lsn") }, "checkpoint lsn"},
		"other system":        {func(d *manifest.Database) { d.Identity["system_identifier"] = "8" }, "system identifier"},
		"newer timeline":      {func(d *manifest.Database) { d.Identity["timeline"] = "2" }, "timeline"},
		"no timeline":         {func(d *manifest.Database) { delete(d.Identity, "timeline") }, "timeline"},
		"other role":          {func(d *manifest.Database) { d.Role = "standby" }, "role"},
	} {
		now := base()
		c.change(&now)
		v := compare(base(), now)
		switch {
		case c.broken == "" && len(v.Broken) > 0:
			t.Errorf("%s: broken %q", name, v.Broken)
		case c.broken != "" && (len(v.Broken) != 1 || !strings.Contains(v.Broken[0], c.broken)):
			t.Errorf("%s: broken %q, want one line on %s", name, v.Broken, c.broken)
		}
		if len(v.Checked) != 6 {
			t.Errorf("%s: checked %q", name, v.Checked)
		}
	}
}

func TestAnotherEnginesEvidenceIsRefused(t *testing.T) {
	v, err := new(session).Verify(context.Background(), manifest.Database{Engine: "mysql"})
	if err != nil || len(v.Broken) == 0 {
		t.Errorf("got %+v, %v", v, err)
	}
}
