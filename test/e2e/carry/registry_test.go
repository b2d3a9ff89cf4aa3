package carry

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
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
	server := &http.Server{Handler: handler, TLSConfig: secure, ErrorLog: log.New(io.Discard, "", 0)}
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
	return registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true),
		registry.WithBlobHandler(registry.NewDiskBlobHandler(t.TempDir())))
}

func listen(t *testing.T, namespace string) (l net.Listener) {
	t.Helper()
	open := func() (err error) {
		l, err = net.Listen("tcp", "127.0.0.1:0")
		return err
	}
	err := error(nil)
	if namespace == "" {
		err = open()
	} else {
		err = netns.Do(namespace, open)
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// counting counts the blobs that are uploaded and downloaded.
type counting struct {
	http.Handler
	uploads, downloads atomic.Int64
}

func (c *counting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut && filepath.Base(filepath.Dir(r.URL.Path)) == "uploads" {
		c.uploads.Add(1)
	}
	if r.Method == http.MethodGet && filepath.Base(filepath.Dir(r.URL.Path)) == "blobs" {
		c.downloads.Add(1)
	}
	c.Handler.ServeHTTP(w, r)
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
