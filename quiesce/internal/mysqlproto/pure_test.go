package mysqlproto

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"

	"github.com/lull-containers/lull/quiesce"
)

func TestLoginOf(t *testing.T) {
	for name, c := range map[string]struct {
		target quiesce.Target
		want   login
	}{
		"nothing said": {quiesce.Target{}, login{user: "root", password: "", port: 3306}},
		"the image's":  {quiesce.Target{Env: map[string]string{"MYSQL_ROOT_PASSWORD": "p"}}, login{user: "root", password: "p", port: 3306, from: "MYSQL_ROOT_PASSWORD"}},
		"mariadb's before mysql's": {
			quiesce.Target{Env: map[string]string{"MYSQL_ROOT_PASSWORD": "p", "MARIADB_ROOT_PASSWORD": "q", "MYSQL_TCP_PORT": "3307"}},
			login{user: "root", password: "q", port: 3307, from: "MARIADB_ROOT_PASSWORD"},
		},
		"from a file": {quiesce.Target{Password: "file", Env: map[string]string{"MYSQL_ROOT_PASSWORD_FILE": "/p"}}, login{user: "root", password: "file", port: 3306}},
		"another user gets nobody else's password": {
			quiesce.Target{User: "lull", Env: map[string]string{"MYSQL_ROOT_PASSWORD": "p"}}, login{user: "lull", password: "", port: 3306},
		},
		"the image's other user": {
			quiesce.Target{User: "app", Env: map[string]string{"MYSQL_ROOT_PASSWORD": "p", "MYSQL_USER": "app", "MYSQL_PASSWORD": "a"}},
			login{user: "app", password: "a", port: 3306},
		},
		"bitnami": {
			quiesce.Target{Env: map[string]string{"MARIADB_ROOT_USER": "admin", "MARIADB_ROOT_PASSWORD": "p", "MARIADB_PORT_NUMBER": "3310"}},
			login{user: "admin", password: "p", port: 3310, from: "MARIADB_ROOT_PASSWORD"},
		},
		"no port": {quiesce.Target{Env: map[string]string{"MYSQL_TCP_PORT": "none"}}, login{user: "root", password: "", port: 3306}},
	} {
		if diff := cmp.Diff(c.want, loginOf(c.target), cmp.AllowUnexported(login{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]int{
		"8.0.36": 80036, "9.7.4-2": 90704, "8.4.0-log": 80400, "10.11.18-MariaDB-0+deb12u1": 101118,
		"11.8.6-MariaDB-0+deb13u1 from Debian": 110806, "8.0": 80000, "": 0, "unknown": 0,
	} {
		if got := parseVersion(text); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

func TestCollectReadsGlobalGrantsOnly(t *testing.T) {
	has := map[string]bool{}
	for _, line := range []string{
		"GRANT SELECT, LOCK TABLES ON *.* TO `lull`@`%`",
		"GRANT BACKUP_ADMIN,CONNECTION_ADMIN ON *.* TO `lull`@`%`",
		"GRANT BINLOG MONITOR ON *.* TO `lull`@`%` IDENTIFIED BY PASSWORD '*00'",
		"GRANT PROCESS ON `shop`.* TO `lull`@`%`",
		"GRANT `role`@`%` TO `lull`@`%`",
		"SET DEFAULT ROLE `role` FOR `lull`@`%`",
	} {
		collect(has, line)
	}
	want := map[string]bool{"SELECT": true, "LOCK TABLES": true, "BACKUP_ADMIN": true, "CONNECTION_ADMIN": true, "BINLOG MONITOR": true}
	if diff := cmp.Diff(want, has); diff != "" {
		t.Errorf("privileges (-want +got):\n%s", diff)
	}
}

func TestQuoteAccount(t *testing.T) {
	for text, want := range map[string]string{
		"root@%": "'root'@'%'", "a@b@localhost": "'a@b'@'localhost'", "o'x@h": "'o''x'@'h'", "": "''",
	} {
		if got := quoteAccount(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestEarlier(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"binlog.000002:157", "binlog.000002:157", false},
		{"binlog.000002:156", "binlog.000002:157", true},
		{"binlog.000002:900", "binlog.000003:4", true},
		{"binlog.000010:4", "binlog.000009:900", false},
		{"binlog.1000000:4", "binlog.999999:4", false},
		{"", "binlog.000001:4", true}, // switched off since
		{"my.host-bin.000003:4", "my.host-bin.000002:4", false},
	} {
		if got := earlier(c.a, c.b); got != c.want {
			t.Errorf("%q before %q: %v", c.a, c.b, got)
		}
	}
}

func TestAddFolder(t *testing.T) {
	folders := []string{"/var/lib/mysql"}
	for _, dir := range []string{"", "./", "/var/lib/mysql/", "undo", "/srv/redo/", "/srv/redo/sub", "/var/lib/mysql-other", "../logs"} {
		folders = addFolder(folders, "/var/lib/mysql", dir)
	}
	want := []string{"/var/lib/mysql", "/srv/redo", "/var/lib/mysql-other", "/var/lib/logs"}
	if diff := cmp.Diff(want, folders); diff != "" {
		t.Errorf("folders (-want +got):\n%s", diff)
	}
}

type product struct{ Engine }

func (product) Product() string      { return "MySQL" }
func (product) Privileges() []string { return []string{"PROCESS", "RELOAD"} }

func TestExplainGivesAClassAndKeepsTheCause(t *testing.T) {
	s := &Session{engine: product{}, account: "'lull'@'%'"}
	for code, class := range map[uint16]error{
		shuttingDown: quiesce.ErrNotReady, accessDenied: quiesce.ErrAuth, accountLocked: quiesce.ErrAuth,
		privilegeMissing: quiesce.ErrPrivilege, tableDenied: quiesce.ErrPrivilege, tooManyConnections: quiesce.ErrBusy, 1105: quiesce.ErrUnsupported,
	} {
		err := s.explain(fmt.Errorf("wrapped: %w", &mysql.MySQLError{Number: code, Message: "words of the server's"}), "trying")
		if !errors.Is(err, class) || codeOf(err) != code {
			t.Errorf("%d became %v of class %v", code, err, errors.Unwrap(err))
		}
		if !strings.Contains(err.Error(), "words of the server's") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%d is told as %q", code, err)
		}
		if remedy := "GRANT PROCESS, RELOAD ON *.* TO 'lull'@'%'"; errors.Is(class, quiesce.ErrPrivilege) && !strings.Contains(err.Error(), remedy) {
			t.Errorf("%q does not say %s", err, remedy)
		}
	}
	if err := s.explain(mysql.ErrInvalidConn, "trying"); !errors.Is(err, quiesce.ErrNotReady) {
		t.Errorf("a broken connection became %v", err)
	}
}

func TestQuotedNames(t *testing.T) {
	if got := (table{"a`b", "c.d"}).quoted(); got != "`a``b`.`c.d`" {
		t.Errorf("got %s", got)
	}
}

// A server that did not answer is not one without a fence.
func TestFreeUnanswered(t *testing.T) {
	s := &Session{closed: true}
	if free, err := s.free(t.Context()); free || err == nil {
		t.Errorf("free: %t, %v", free, err)
	}
}
