package harness

import (
	"context"
	"testing"
	"time"

	"github.com/lull-containers/lull/test/ledger"
)

// Answers waits until a database lets clients in.
func Answers(t testing.TB, store ledger.Store, what string, within time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	for {
		s, err := store.Connect(ctx)
		if err == nil {
			s.Close()
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("%s does not answer: %v", what, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
