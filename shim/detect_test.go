package shim

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/pkg/namespaces"

	"github.com/lull-containers/lull/internal/config"
)

// A configuration that cannot be read is a database's affair: nothing else of a
// pod goes without its shim.
func TestWithoutAConfiguration(t *testing.T) {
	s := New(nil, Host{
		Config: config.Default(), Unread: errors.New("line 1: unknown key"),
		Metadata: func(context.Context, string, string) (Metadata, error) { return Metadata{}, nil },
	})
	ctx := namespaces.WithNamespace(t.Context(), "k8s.io")
	for spec, want := range map[string]string{
		`{"annotations":{"io.kubernetes.cri.container-type":"sandbox"},"process":{"args":["/pause"]}}`: "",
		`{"process":{"args":["nginx"]}}`:                           "",
		`{"process":{"args":["docker-entrypoint.sh","postgres"]}}`: "unknown key",
	} {
		bundle := t.TempDir()
		if err := os.WriteFile(filepath.Join(bundle, "config.json"), []byte(spec), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := s.recognise(ctx, "db", bundle)
		if c != nil || (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", spec, c, err)
		}
	}
}
