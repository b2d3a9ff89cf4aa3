package carry

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"
	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/lull-containers/lull/internal/netns"
)

// serve is an OCI registry, in process, that listens on the loopback of every
// one of these network namespaces; "" is the test's own. It gives an address
// for each.
func serve(t *testing.T, handler http.Handler, secure *tls.Config, namespaces ...string) (addresses []string) {
	t.Helper()
	server := &http.Server{Handler: handler, TLSConfig: secure, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	for _, path := range namespaces {
		l := listen(t, path)
		addresses = append(addresses, l.Addr().String())
		if secure != nil {
			l = tls.NewListener(l, secure)
		}
		go func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				t.Errorf("registry: %v", err)
			}
		}()
	}
	t.Cleanup(func() { server.Close() })
	return addresses
}

func newRegistry(t *testing.T) http.Handler {
	return registry.New(registry.Logger(slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)), registry.WithReferrersSupport(true),
		registry.WithBlobHandler(registry.NewDiskBlobHandler(t.TempDir())))
}

func listen(t *testing.T, namespace string) (l net.Listener) {
	t.Helper()
	open := func() (err error) {
		l, err = net.Listen("tcp", "127.0.0.1:0")
		return err
	}
	within := func() error { return netns.Do(namespace, open) }
	if namespace == "" {
		within = open
	}
	if err := within(); err != nil {
		t.Fatal(err)
	}
	return l
}

// keys makes a key pair of age, its private half in a file.
func keys(t *testing.T) (recipient, file string) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "key.txt")
	if err := os.WriteFile(file, []byte(id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return id.Recipient().String(), file
}
