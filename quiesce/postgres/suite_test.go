package postgres_test

import (
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/quiesce/postgres"
	"github.com/lull-containers/lull/quiesce/quiescetest"
)

func TestMain(m *testing.M) { quiescetest.Main(m, postgres.Driver{}) }

func TestConformance(t *testing.T) {
	for _, bin := range installations(t) {
		t.Run(filepath.Base(filepath.Dir(bin)), func(t *testing.T) { quiescetest.Run(t, harness{bin: bin}) })
	}
}
