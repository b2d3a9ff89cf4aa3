package ledger

import (
	"fmt"
	"math"
)

// progressMeter turns pgbench's progress lines into transactions.
type progressMeter struct{ last float64 } // seconds since pgbench started

// count reads "progress: 5.0 s, 123.4 tps, lat …" and gives about how many
// transactions were done since the line before it.
func (m *progressMeter) count(line string) (int64, bool) {
	var at, rate float64
	if _, err := fmt.Sscanf(line, "progress: %f s, %f tps", &at, &rate); err != nil {
		return 0, false
	}
	n := math.Round((at - m.last) * rate)
	if math.IsNaN(n) || n < 0 || n > math.MaxInt32 {
		return 0, false
	}
	m.last = at
	return int64(n), true
}
