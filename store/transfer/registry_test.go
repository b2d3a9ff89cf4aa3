package transfer

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	serve "github.com/google/go-containerregistry/pkg/registry"
)

// A registry with TLS and a login, as they are outside: certificates as the
// system has them, credentials as docker login leaves them.
func TestRegistryWithLogin(t *testing.T) {
	inner := serve.New(serve.Logger(slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)), serve.WithReferrersSupport(true))
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "lull" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="lull"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	dir := t.TempDir()
	trusted := filepath.Join(dir, "trusted.pem")
	must(t, os.WriteFile(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	t.Setenv("SSL_CERT_FILE", trusted)
	host := strings.TrimPrefix(server.URL, "https://")
	here, there := newMachine(t), newMachine(t)
	k := here.keep(sample(t, here))

	t.Setenv("DOCKER_CONFIG", dir) // nobody has logged in
	at, err := Open(host + "/backups/pg:monday")
	must(t, err)
	if _, err := here.push(k, at); err == nil || !strings.Contains(err.Error(), "refuses the login") {
		t.Errorf("without a login: %v", err)
	}
	login := base64.StdEncoding.EncodeToString([]byte("lull:secret"))
	must(t, os.WriteFile(filepath.Join(dir, "config.json"), fmt.Appendf(nil, `{"auths":{%q:{"auth":%q}}}`, host, login), 0o600))
	at, err = Open(host + "/backups/pg:monday")
	must(t, err)
	pushed, err := here.push(k, at)
	must(t, err)
	byDigest, err := Open(host + "/backups/pg@" + pushed.Digest)
	must(t, err)
	_, err = there.pull(byDigest)
	must(t, err)
	there.has()
	var referrers struct {
		Manifests []struct{ ArtifactType string }
	}
	getJSON(t, server, "/v2/backups/pg/referrers/"+pushed.Digest, &referrers)
	if len(referrers.Manifests) != 1 {
		t.Errorf("the manifest is no referrer: %+v", referrers)
	}
}

func getJSON(t *testing.T, server *httptest.Server, path string, into any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
	must(t, err)
	r.SetBasicAuth("lull", "secret")
	resp, err := server.Client().Do(r)
	must(t, err)
	defer resp.Body.Close()
	must(t, json.NewDecoder(resp.Body).Decode(into))
}
