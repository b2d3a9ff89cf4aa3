package labels_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// starts is a server that is busy before it serves, for longer than the test.
type starts struct {
	engine, image, data string
	prepare             func(t *testing.T, volume string) // once a database is there
	answers             func(*testing.T, *harness.Container)
	args                []string
	env                 string
	says                string // of the refusal
	still               func(t *testing.T, c *harness.Container) bool
}

func starting() []starts {
	return []starts{
		{"postgres", "postgres:17", "/var/lib/postgresql/data",
			func(t *testing.T, volume string) { write(t, filepath.Join(volume, "standby.signal"), "") },
			postgresAnswers, []string{"docker-entrypoint.sh", "postgres", "-c", "hot_standby=off"}, "POSTGRES_PASSWORD", "57P03", postgresStarts},
		{"mysql", "mysql:9.7", "/var/lib/mysql",
			func(t *testing.T, volume string) { write(t, filepath.Join(volume, "first.sql"), "DO SLEEP(3600);\n") },
			mysqlAnswers, []string{"docker-entrypoint.sh", "mysqld", "--init-file=/var/lib/mysql/first.sql"}, "MYSQL_ROOT_PASSWORD", "MySQL does not answer", silent},
		{"mariadb", "mariadb:11.8", "/var/lib/mysql",
			func(t *testing.T, volume string) { write(t, filepath.Join(volume, "first.sql"), "DO SLEEP(3600);\n") },
			mysqlAnswers, []string{"docker-entrypoint.sh", "mariadbd", "--init-file=/var/lib/mysql/first.sql"}, "MYSQL_ROOT_PASSWORD", "MariaDB does not answer", silentOrServes},
		{"redis", "redis:8.0", "/data", slowLog, nil, slowly("redis"), "", "Redis is loading its data", loads},
		{"valkey", "valkey:8.1", "/data", slowLog, nil, slowly("valkey"), "", "Valkey is loading its data", loads},
	}
}

func slowly(engine string) []string {
	return []string{engine + "-server", "--requirepass", harness.Canary, "--appendonly", "yes", "--key-load-delay", "200"}
}

// A server that is still starting up refuses the checkpoint in one line, and
// goes on starting up.
func TestStarting(t *testing.T) {
	d := harness.Shared(t)
	for _, s := range starting() {
		t.Run(s.engine, func(t *testing.T) {
			if s.answers != nil { // it has to make a database first
				harness.Full(t)
			}
			volume := d.Volume(t)
			o := harness.ContainerOptions{Image: s.image, Mounts: map[string]string{s.data: volume}, Env: map[string]string{},
				Labels: map[string]string{"lull/pause-budget": "1m"}}
			if s.answers != nil {
				o.Env[s.env] = harness.Canary
				made := d.Run(t, o)
				s.answers(t, made)
				lose(t, made)
			}
			s.prepare(t, volume)
			o.Args = s.args
			c := d.Run(t, o)
			harness.Eventually(t, "it is starting up", func() bool { return s.still(t, c) })
			refused(t, c, "[lull:database]", s.says, "wait until it accepts")
			harness.Eventually(t, "it goes on", func() bool { return s.still(t, c) })
		})
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func postgresAnswers(t *testing.T, c *harness.Container) { t.Helper(); c.AsPostgres().WaitAnswer(t) }
func mysqlAnswers(t *testing.T, c *harness.Container)    { t.Helper(); c.AsMySQL("").WaitAnswer(t) }

func postgresStarts(t *testing.T, c *harness.Container) bool {
	_, err := c.AsPostgres().Connect(t.Context())
	return err != nil && strings.Contains(err.Error(), "57P03")
}

// silent is a server whose kernel accepts, and which says nothing.
func silent(_ *testing.T, c *harness.Container) bool {
	err := c.InNetNS(func() error {
		conn, err := net.Dial("tcp", "127.0.0.1:3306")
		if err != nil {
			return err
		}
		defer conn.Close()
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		_, err = conn.Read(make([]byte, 1))
		return err
	})
	return os.IsTimeout(err)
}

// silentOrServes is for MariaDB, whose SLEEP a freeze ends.
func silentOrServes(_ *testing.T, c *harness.Container) bool {
	err := c.InNetNS(func() error {
		conn, err := net.Dial("tcp", "127.0.0.1:3306")
		if err != nil {
			return err
		}
		return conn.Close()
	})
	return err == nil
}

func loads(t *testing.T, c *harness.Container) bool {
	_, err := ledger.Redis{Addr: netip.MustParseAddrPort("127.0.0.1:6379"), Inside: c.InNetNS, Password: harness.Canary}.Connect(t.Context())
	return err != nil && strings.Contains(err.Error(), "LOADING")
}

// slowLog is an append-only file that is loaded a key after the other; the
// server hears others every thousand.
func slowLog(t *testing.T, volume string) {
	var text strings.Builder
	for i := range 400_000 {
		fmt.Fprintf(&text, "*3\r\n$3\r\nSET\r\n$6\r\n%06d\r\n$1\r\nx\r\n", i)
	}
	write(t, filepath.Join(volume, "appendonly.aof"), text.String())
}
