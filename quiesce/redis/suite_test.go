package redis_test

import (
	"testing"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/quiescetest"
	"github.com/lull-containers/lull/quiesce/redis"
)

func TestMain(m *testing.M) {
	quiescetest.Main(m, redis.Driver{Engine: quiesce.Redis}, redis.Driver{Engine: quiesce.Valkey})
}

func TestConformance(t *testing.T) {
	for _, program := range programs(t) {
		h := harnessOf(t, program)
		t.Run(h.title, func(t *testing.T) { quiescetest.Run(t, h) })
	}
}
