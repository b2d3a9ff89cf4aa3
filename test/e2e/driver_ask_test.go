package e2e

import "github.com/lull-containers/lull/quiesce/quiescetest"

// Questions are in the words of the server.
func (b *boxed) Questions() quiescetest.Questions {
	switch b.product.(type) {
	case postgresEngine:
		return postgresQuestions()
	case mysqlEngine:
		return mysqlQuestions()
	case mongoEngine:
		return mongoQuestions()
	}
	return redisQuestions()
}

func postgresQuestions() quiescetest.Questions {
	return quiescetest.Questions{
		Count:   "SELECT count(*) FROM counted;",
		Nothing: "SELECT max(n) FROM counted WHERE n < 0 -- none",
		Refused: []string{
			"INSERT INTO counted DEFAULT VALUES RETURNING n", "WITH new AS (INSERT INTO counted DEFAULT VALUES RETURNING n) SELECT n FROM new",
			"SELECT 1; DELETE FROM counted", "SELECT 1); DELETE FROM counted; SELECT (1", "COMMIT", "SELECT nextval('counted_n_seq')",
			"SELECT 1, 2", "SELECT n FROM counted UNION ALL SELECT -1 UNION ALL SELECT -2", "SELECT repeat('x', 2000)", "SELECT nonsense", "",
		},
	}
}

func mysqlQuestions() quiescetest.Questions {
	return quiescetest.Questions{
		Count:   "SELECT COUNT(*) FROM counted.counted;",
		Nothing: "SELECT MAX(n) FROM counted.counted WHERE n < 0 # none",
		Refused: []string{
			"INSERT INTO counted.counted (filling) VALUES ('x')", "SELECT 1; DELETE FROM counted.counted", "SELECT 1); DELETE FROM counted.counted; SELECT (1",
			"COMMIT", "SELECT 'x' INTO OUTFILE '/tmp/lull-asked'",
			"SELECT 1, 2", "SELECT n FROM counted.counted UNION ALL SELECT -1 UNION ALL SELECT -2", "SELECT REPEAT('x', 2000)", "SELECT nonsense", "",
		},
	}
}

func redisQuestions() quiescetest.Questions {
	return quiescetest.Questions{
		Count:   "LLEN counted",
		Nothing: "GET nothing",
		Refused: []string{
			"RPUSH counted x", "FLUSHALL", "EVAL 'return 1' 0", "MULTI", "SUBSCRIBE x", "CLIENT PAUSE 100", "BLPOP nothing 0",
			"XREAD BLOCK 0 STREAMS nothing 0", "LRANGE counted 0 -1", "nonsense", `GET "x`, "",
		},
	}
}
