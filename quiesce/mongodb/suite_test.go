package mongodb_test

import (
	"testing"

	"github.com/lull-containers/lull/quiesce/mongodb"
	"github.com/lull-containers/lull/quiesce/quiescetest"
)

func TestMain(m *testing.M) { quiescetest.Main(m, mongodb.Driver{}) }

// TestConformance is against the fake mongod, in this process.
func TestConformance(t *testing.T) { quiescetest.Run(t, harness{}) }
