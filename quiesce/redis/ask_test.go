package redis_test

import "github.com/lull-containers/lull/quiesce/quiescetest"

// Questions are those of lull/validate.NAME.
func (s *server) Questions() quiescetest.Questions {
	return quiescetest.Questions{
		Count:   "LLEN counted",
		Nothing: "GET nothing",
		Refused: []string{
			"RPUSH counted x", "FLUSHALL", "EVAL 'return 1' 0", "MULTI", "SUBSCRIBE x", "CLIENT PAUSE 100", "BLPOP nothing 0",
			"XREAD BLOCK 0 STREAMS nothing 0", "LRANGE counted 0 -1", "nonsense", `GET "x`, "",
		},
	}
}
