package labels_test

import (
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// A database that an operator manages is refused before it was asked anything,
// unless that is allowed.
func TestOperator(t *testing.T) {
	d := harness.Shared(t)
	env := map[string]string{"PATRONI_SCOPE": "shop"}
	pg := d.Postgres(t, harness.PostgresOptions{ContainerOptions: harness.ContainerOptions{Env: env,
		Labels: map[string]string{"lull/pause-budget": "1m", "lull/require": "crash-consistent"}}})
	before := stateOf(t, pg)
	refused(t, pg.Container, "[lull:preflight]", "managed by Patroni (variable PATRONI_SCOPE)", "lull/operator=allow")
	before.same(t, pg)
	pg.Remove(t)

	pg = d.Postgres(t, harness.PostgresOptions{ContainerOptions: harness.ContainerOptions{Env: env,
		Labels: map[string]string{"lull/pause-budget": "1m", "lull/operator": "allow"}}})
	d.Ctr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), pg.ID)
}
