package mariadb

import (
	"testing"
	"time"
)

func TestLimit(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0:                       "SET SESSION max_statement_time = DEFAULT",
		1500 * time.Millisecond: "SET SESSION max_statement_time = 1.500",
	} {
		if got := (engine{}).Limit(d); got != want {
			t.Errorf("%s: %s", d, got)
		}
	}
}
