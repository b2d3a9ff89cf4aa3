package wait

import (
	"context"
	"time"
)

// maxQueryTime bounds a query of the user's, on the server too.
const maxQueryTime = 10 * time.Second

// QueryTime bounds a query of the user's, on the server too: by ten seconds,
// and by a little less than ctx, since the server's word should come before
// ours.
func QueryTime(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return maxQueryTime
	}
	return max(time.Millisecond, min(maxQueryTime, time.Until(deadline)*9/10))
}
