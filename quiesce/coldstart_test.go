package quiesce_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

func TestColdStart(t *testing.T) {
	record := func(engine string) manifest.Database {
		return manifest.Database{Engine: engine, Role: "primary", Identity: map[string]string{"run_id": "a", "master_replid": "b", "redis_version": "8.0"}, Position: map[string]string{"master_repl_offset": "7"}}
	}
	for _, engine := range []string{quiesce.Redis, quiesce.Valkey} {
		was := record(engine)
		want := manifest.Database{Engine: engine, Role: "primary", Identity: map[string]string{"redis_version": "8.0"}}
		if diff := cmp.Diff(want, quiesce.ColdStart(was)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(record(engine), was); diff != "" {
			t.Errorf("the record itself was changed: %s", diff)
		}
	}
	if diff := cmp.Diff(record(quiesce.Postgres), quiesce.ColdStart(record(quiesce.Postgres))); diff != "" {
		t.Error(diff)
	}
}
