package postgres_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/postgres"
)

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// each runs a test with every PostgreSQL that there is, on a server of its
// own with some options.
func each(t *testing.T, options []string, run func(*testing.T, *server)) {
	t.Helper()
	for _, bin := range installations(t) {
		t.Run(filepath.Base(filepath.Dir(bin)), func(t *testing.T) {
			s := harness{bin}.create(t)
			s.start(t, options...)
			run(t, s)
		})
	}
}

func open(t *testing.T, target quiesce.Target) quiesce.Session {
	t.Helper()
	session, err := postgres.Driver{}.Open(within(t), target)
	must(t, err)
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// ours is a column of pg_stat_activity for the sessions of lull's.
func ours(t *testing.T, s *server, column string) []string {
	t.Helper()
	return s.texts(t, "SELECT "+column+"::text FROM pg_stat_activity a LEFT JOIN pg_stat_ssl USING (pid) WHERE application_name = 'lull'")
}

// TestSourcePorts: while the network is closed only some of them pass, and
// they have to do for one connection after the other.
func TestSourcePorts(t *testing.T) {
	each(t, nil, func(t *testing.T, s *server) {
		target := s.Target()
		target.LocalPorts = []uint16{freePort(t), freePort(t)}
		for range 6 {
			session := open(t, target)
			_, err := session.Fence(within(t), time.Minute) // a second connection
			must(t, err)
			for _, port := range ours(t, s, "client_port") {
				n, err := strconv.Atoi(port)
				if err != nil || n != int(target.LocalPorts[0]) && n != int(target.LocalPorts[1]) {
					t.Errorf("a connection from port %s, want one of %v", port, target.LocalPorts)
				}
			}
			must(t, session.Close())
		}
	})
}

func TestSourcePortsThatAreTaken(t *testing.T) {
	each(t, nil, func(t *testing.T, s *server) {
		target := s.Target()
		target.LocalPorts = []uint16{freePort(t)}
		first := open(t, target)
		ctx, cancel := context.WithTimeout(within(t), 300*time.Millisecond)
		defer cancel()
		if _, err := (postgres.Driver{}).Open(ctx, target); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want DeadlineExceeded", err)
		}
		must(t, first.Close())
		must(t, open(t, target).Close())
	})
}

// TestOtherListeners: a container's other processes listen as well.
func TestOtherListeners(t *testing.T) {
	each(t, nil, func(t *testing.T, s *server) {
		target := s.Target()
		target.Listeners = append([]netip.AddrPort{
			listener(t, "HTTP/1.1 400 Bad Request\r\n\r\n"), listener(t, ""),
		}, target.Listeners...)
		must(t, open(t, target).Flush(within(t)))
	})
}

// listener answers everybody the same and hangs up.
func listener(t *testing.T, answer string) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte(answer))
			conn.Close()
		}
	}()
	return netip.MustParseAddrPort(l.Addr().String())
}

func TestTLSAsTheServerPrefers(t *testing.T) {
	for _, c := range []struct{ rule, ssl string }{
		{"host", "true"}, {"hostssl", "true"}, {"hostnossl", "false"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			each(t, nil, func(t *testing.T, s *server) {
				s.stop(t, os.Interrupt)
				certificate(t, s)
				rule := c.rule + " all all 127.0.0.1/32 scram-sha-256\n"
				must(t, os.WriteFile(filepath.Join(s.data, "pg_hba.conf"), []byte(rule), 0o644))
				s.start(t, "-c", "ssl=on")
				open(t, s.Target())
				if got := ours(t, s, "ssl"); len(got) != 1 || got[0] != c.ssl {
					t.Errorf("our sessions have ssl %v, want %s", got, c.ssl)
				}
			})
		})
	}
}

// certificate gives the server a self-signed one.
func certificate(t *testing.T, s *server) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	for name, block := range map[string]*pem.Block{
		"server.crt": {Type: "CERTIFICATE", Bytes: cert},
		"server.key": {Type: "PRIVATE KEY", Bytes: secret},
	} {
		path := filepath.Join(s.data, name)
		must(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
		if os.Geteuid() == 0 {
			must(t, os.Chown(path, nobody, nobody))
		}
	}
}
