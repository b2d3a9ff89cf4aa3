// Package app has a test of an application whose database is a clone.
package app

import (
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"

	"lull.example/testcontainers-go/lulltest"
)

// The application is psql, which counts: it starts in a container of Docker's,
// by Testcontainers, and finds the clone at the host's address.
func TestApplication(t *testing.T) {
	checkpoint, image := os.Getenv("LULL_CHECKPOINT"), os.Getenv("LULL_APP_IMAGE")
	if checkpoint == "" || image == "" {
		t.Skip("LULL_CHECKPOINT or LULL_APP_IMAGE is not set: a checkpoint of a PostgreSQL, and an image with psql")
	}
	db := lulltest.Clone(t, checkpoint, lulltest.Publish("0.0.0.0")...)
	app, err := testcontainers.Run(t.Context(), image,
		testcontainers.WithEnv(map[string]string{"DATABASE_URL": fromContainers(t, db)}),
		testcontainers.WithHostConfigModifier(func(c *container.HostConfig) { c.ExtraHosts = []string{"clone:host-gateway"} }),
		testcontainers.WithEntrypoint("sh", "-c", `psql "$DATABASE_URL" -Atc "SELECT 'there are ' || count(*) || ' tables' FROM pg_tables"`),
		testcontainers.WithWaitStrategy(wait.ForExit().WithExitTimeout(2*time.Minute)),
	)
	testcontainers.CleanupContainer(t, app)
	if err != nil {
		t.Fatal(err)
	}
	logs, err := app.Logs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	said := make([]byte, 4096)
	n, _ := logs.Read(said)
	if !strings.Contains(string(said[:n]), "there are ") {
		t.Errorf("it says %q", said[:n])
	}
}

// fromContainers is the clone's URL as a container of this host reaches it.
func fromContainers(t *testing.T, db *lulltest.DB) string {
	t.Helper()
	u, err := url.Parse(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(db.Published)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = net.JoinHostPort("clone", port)
	return u.String()
}
